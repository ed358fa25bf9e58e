import { real } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const SESSIONS = real('src/adapters/postgres/sessions.int.test.ts')
const MISSING = real('src/adapters/postgres/grant-missing.int.test.ts')

/** Bugs in what the adapter of PostgreSQL does to sessions, to missing rights and to ownership. */
export const POSTGRES_MUTANTS: readonly Mutant[] = [
  {
    name: 'ends whoever has the process number now',
    harm: 'A session that came later, with the same number, is ended in place of the one named.',
    file: 'adapters/postgres/sessions.ts',
    text: 'WHERE ${PROCESS} = $1`',
    replacement: "WHERE pid::text = split_part($1, ' ', 1)`",
    lane: SESSIONS,
  },
  {
    name: 'ends its own session',
    harm: 'The run loses its lock and its connection in the middle of a rotation.',
    file: 'adapters/postgres/sessions.ts',
    text: '!link || own.has(id) || id',
    replacement: '!link || id',
    lane: SESSIONS,
  },
  {
    name: 'ends a session where it is not',
    harm: 'A session of another server is ended because its number is the same.',
    file: 'adapters/postgres/sessions.ts',
    text: 'links.find((one) => one.endpoint === endpoint)',
    replacement: 'links.find((one) => one.endpoint !== undefined)',
    lane: SESSIONS,
  },
  {
    name: 'does not see prepared transactions',
    harm: 'The old slot is retired, and its transaction manager can never finish what it promised.',
    file: 'adapters/postgres/sessions.ts',
    text: 'if (link === this.#writer)',
    replacement: 'if (link !== this.#writer)',
    lane: SESSIONS,
  },
  {
    name: 'commits rights that were not all given',
    harm: 'An admin who may not give everything leaves a user with half of it and hears nothing.',
    file: 'adapters/postgres/provision.ts',
    text: 'if (left) throw notGiven(link, left)',
    replacement: 'if (left && link.dead) throw notGiven(link, left)',
    lane: MISSING,
  },
]
