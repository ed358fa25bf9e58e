import { SIM, real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const DOCUMENT = unit('../client/src/protocol/dual-document.test.ts')
const STEPS = unit('src/steps')
const DECIDE = unit('src/domain/decide.test.ts')
const ENGINE = unit('src/engine/dual-password.test.ts')
const MYSQL = real('test/mysql-conformance.int.test.ts')
const MARIADB = real('test/mariadb-conformance.int.test.ts')

/** Bugs around two passwords of one user, urgent rotations, rehearsals and quarantines. */
export const TWO_PASSWORD_MUTANTS: readonly Mutant[] = [
  {
    name: 'retains without ending the second password first',
    harm: 'A change that is made again drops the password that consumers have: an outage.',
    file: 'adapters/mysql/mysql/passwords.ts',
    text: 'if (doubled.length > 0) {',
    replacement: 'if (doubled.length < 0) {',
    lane: MYSQL,
  },
  {
    name: 'adds the password without keeping the other',
    harm: 'Consumers are locked out until they have picked the new one up.',
    file: 'adapters/mysql/mariadb/passwords.ts',
    text: '[kept, ...(added ? [added] : [])]',
    replacement: '[added ?? kept]',
    lane: MARIADB,
  },
  {
    name: 'ends another session than the one that was named',
    harm: 'A consumer that has moved is cut off.',
    file: 'adapters/mysql/protocol/sessions.ts',
    text: 'const id = Number(session.id)',
    replacement: 'const id = Number(session.id) + 1',
    lane: MARIADB,
  },
  {
    name: 'lets a session that says nothing count as moved',
    harm: 'The password that a consumer still uses is ended.',
    file: 'engine/documents/shape.ts',
    text: 'return rotation.back_out === undefined ? rotation.from : rotation.to',
    replacement: 'return active',
    lane: SIM,
  },
  {
    name: 'forgets the other password when the document is edited',
    harm: 'A live password is known to the database alone.',
    file: '../../client/src/protocol/dual-document.ts',
    text: 'if (change === undefined && isPlaceholder(password)) return undefined',
    replacement: 'if (change === undefined) return undefined',
    lane: DOCUMENT,
  },
  {
    name: 'takes a stray second password for none',
    harm: 'A password that somebody may be using is ended by the next rotation.',
    file: 'engine/observe-passwords.ts',
    text: 'stray: hasSecond && !spare.current && !spare.pending',
    replacement: 'stray: false',
    lane: ENGINE,
  },
  {
    name: 'lets an urgent run change what a config target holds',
    harm: 'Consumers that come up with that config are locked out.',
    file: 'domain/forward.ts',
    text: 'if (o.urgent ? isHeld(o, to) : inUse(o, to))',
    replacement: 'if (!o.urgent && inUse(o, to))',
    lane: DECIDE,
  },
  {
    name: 'flips a rehearsal',
    harm: 'A rehearsal against production becomes a rotation.',
    file: 'domain/forward.ts',
    text: 'if (rehearses) return',
    replacement: 'if (!rehearses && o.stray) return',
    lane: SIM,
  },
  {
    name: 'leaves sessions that began with a leaked password',
    harm: 'Whoever has stolen it stays in the database.',
    file: 'steps/evict.ts',
    text: 'await session.endSessions(sessions, context.call())',
    replacement: 'await session.sessions([], context.call())',
    lane: STEPS,
  },
  {
    name: 'does not give back an account that is missed',
    harm: 'The consumer that nobody thought of stays locked out.',
    file: 'steps/quarantine.ts',
    text: 'await session.quarantine(username, false, context.call())',
    replacement: 'await session.quarantine(username, true, context.call())',
    lane: STEPS,
  },
  {
    name: 'does not count logins between two looks',
    harm: 'A job that logs in for a moment every minute is never seen, and locked out.',
    file: 'steps/drain.ts',
    text: 'return this.#logins < before ? 1 : this.#logins - before',
    replacement: 'return 0',
    lane: STEPS,
  },
]
