import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const SESSIONS = real('src/adapters/postgres/sessions.int.test.ts')
const OWNERSHIP = real('src/adapters/postgres/ownership/ownership.int.test.ts')
const PROBLEMS = real('src/adapters/postgres/ownership/problems.int.test.ts')
const ADOPTION = unit('src/domain/adoption.test.ts')
const ENGINE = real('test/adopt-engine.int.test.ts')
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
  {
    name: 'gives the owner role nothing but objects',
    harm: 'Views, functions and foreign keys of the application fail with their new owner.',
    file: 'adapters/postgres/ownership/owner-role.ts',
    text: 'scene.places.map((place) => rights(scene, place, call))',
    replacement: 'scene.places.slice(1).map((place) => rights(scene, place, call))',
    lane: OWNERSHIP,
  },
  {
    name: 'queues the application behind a lock',
    harm: 'Every statement on a table waits as long as one transaction on it stays open.',
    file: 'adapters/postgres/patience.ts',
    text: 'const LOCK_MS = 100',
    replacement: 'const LOCK_MS = 9_000',
    lane: OWNERSHIP,
  },
  {
    name: 'keeps what is created later to itself',
    harm: 'What an open session creates after the adoption fails for every new one.',
    file: 'adapters/postgres/ownership/owner-role.ts',
    text: 'if (kinds.length === 0) return []',
    replacement: 'if (kinds.length > 0) return []',
    lane: OWNERSHIP,
  },
  {
    name: 'forgets what default privileges take from PUBLIC',
    harm: 'Everybody may run functions that only some could.',
    file: 'adapters/postgres/ownership/defaults.ts',
    text: 'const verb = revoke\n',
    replacement: 'const verb = revoke && grantable\n',
    lane: OWNERSHIP,
  },
  {
    name: 'loses the schema that has the name of the user',
    harm: 'The application no longer finds its own tables.',
    file: 'adapters/postgres/ownership/login.ts',
    text: 'if (row?.named !== true ||',
    replacement: 'if (row?.named === true ||',
    lane: OWNERSHIP,
  },
  {
    name: 'leaves the other databases of the server as they are',
    harm: 'What the user owns there stays, and the second user cannot be made.',
    file: 'adapters/postgres/ownership/scene.ts',
    text: 'for (const { database } of others.filter(({ open }) => open))',
    replacement: 'for (const { database } of others.filter(({ open }) => !open))',
    lane: OWNERSHIP,
  },
  {
    name: 'does not look whether the owner role got everything',
    harm: 'A right that the admin may not give is missing when the objects have moved.',
    file: 'adapters/postgres/ownership/ownership.ts',
    text: "if (phase === 'owner') await",
    replacement: "if (phase === 'login') await",
    lane: PROBLEMS,
  },
  {
    name: 'moves although something stands against it',
    harm: 'The application loses what it owns because it cannot inherit it.',
    file: 'adapters/postgres/ownership/ownership.ts',
    text: 'if (problem === undefined) return\n',
    replacement: 'if (problem !== undefined) return\n',
    lane: PROBLEMS,
  },
  {
    name: 'moves before everything is refused',
    harm: 'Ownership has changed when the adoption turns out to be impossible.',
    file: 'domain/adoption.ts',
    text: 'if (refusal !== undefined) return',
    replacement: 'if (refusal !== undefined && facts.due.length === 0) return',
    lane: ADOPTION,
  },
  {
    name: 'writes the secret before ownership has moved',
    harm: 'The target counts as adopted and cannot be rotated.',
    file: 'domain/adoption.ts',
    text: 'if (phase !== undefined) return',
    replacement: "if (phase !== undefined && facts.pending === 'adoption') return",
    lane: ADOPTION,
  },
  {
    name: 'adopts a credential that does not log in',
    harm: 'The active slot of the document is one that nobody can use.',
    file: 'domain/adoption.ts',
    text: "denied: 'ADOPT_DENIED'",
    replacement: 'denied: undefined',
    lane: ADOPTION,
  },
  {
    name: 'takes what anybody has staged for an adoption of its own',
    harm: 'A rotation of somebody else is promoted.',
    file: 'engine/adoption/observe.ts',
    text: "if (last?.outcome !== 'adopted') return 'foreign'",
    replacement: "if (last?.outcome !== 'adopted') return 'none'",
    lane: ENGINE,
  },
  {
    name: 'promotes an adoption that does not fit any more',
    harm: 'What an operator has written into the secret meanwhile is lost.',
    file: 'engine/adoption/observe.ts',
    text: "draft(last).equals(pending.value) ? 'adoption' : 'none'",
    replacement: "'adoption'",
    lane: ENGINE,
  },
]
