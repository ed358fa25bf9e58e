import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const POSTGRES = 'src/adapters/postgres'
const MYSQL = 'src/adapters/mysql/protocol'
const SERVER = real(`${POSTGRES}/database.int.test.ts`)
const GRANTS = real(`${POSTGRES}/grants.int.test.ts`)

/** Bugs in the adapters of PostgreSQL and MariaDB. */
export const DATABASE_MUTANTS: readonly Mutant[] = [
  {
    name: 'derives another client key',
    harm: 'The new password never logs in, although the server took its verifier.',
    file: 'adapters/postgres/scram.ts',
    text: "update('Client Key')",
    replacement: "update('Client key')",
    lane: unit(`${POSTGRES}/scram.test.ts`),
  },
  {
    name: 'derives another server key',
    harm: 'Clients that check the server refuse to log in.',
    file: 'adapters/postgres/scram.ts',
    text: "update('Server Key')",
    replacement: "update('Server key')",
    lane: unit(`${POSTGRES}/scram.test.ts`),
  },
  {
    name: 'takes anything for a verifier',
    harm: 'A malformed verifier is stored by the server as if it were the password.',
    file: 'adapters/postgres/scram.ts',
    text: 'return SHAPE.test(text)',
    replacement: 'return SHAPE.source !== text',
    lane: unit(`${POSTGRES}/scram.test.ts`),
  },
  {
    name: 'takes pg_hba.conf for a locked role',
    harm: 'A client that may not connect is told that its account is locked.',
    file: 'adapters/postgres/classify.ts',
    text: "sqlstate === '28000' && error.routine === 'InitializeSessionUserId'",
    replacement: "sqlstate === '28000'",
    lane: unit(`${POSTGRES}/classify.test.ts`),
  },
  {
    name: 'takes a full server for a refusal',
    harm: 'A server that is starting up is reported as one that denies the statement.',
    file: 'adapters/postgres/classify.ts',
    text: "sqlstate.startsWith('53') || sqlstate.startsWith('57P')",
    replacement: "sqlstate.startsWith('53')",
    lane: unit(`${POSTGRES}/classify.test.ts`),
  },
  {
    name: 'takes a killed session for a refused statement',
    harm: 'A password that was changed just before a failover counts as not changed.',
    file: 'adapters/postgres/classify.ts',
    text: '/^(?:08|57P|25P0[34])/',
    replacement: '/^(?:08|25P0[34])/',
    lane: unit(`${POSTGRES}/classify.test.ts`),
  },
  {
    name: 'ends a literal early',
    harm: 'A setting with a backslash in it becomes SQL.',
    file: 'adapters/postgres/sql.ts',
    text: "doubled.replaceAll('\\\\', '\\\\\\\\')",
    replacement: 'doubled',
    lane: unit(`${POSTGRES}/sql.test.ts`),
  },
  {
    name: 'provisions outside of a transaction',
    harm: 'A standby user with half of its rights is left behind when one cannot be given.',
    file: 'adapters/postgres/provision.ts',
    text: "await run(link, 'BEGIN', call)",
    replacement: 'await Promise.resolve()',
    lane: GRANTS,
  },
  {
    name: 'does not look whether a right was given',
    harm: 'Applications are flipped to a user that lacks a right the server only warned about.',
    file: 'adapters/postgres/provision.ts',
    text: 'if (left) throw notGiven(link, left)',
    replacement: 'if (left) return',
    lane: GRANTS,
  },
  {
    name: 'sends the password itself',
    harm: 'The password stands in the log of the server.',
    file: 'adapters/postgres/password.ts',
    text: 'PASSWORD ${literal(verifier)}',
    replacement: 'PASSWORD ${literal(change.password.reveal())}',
    lane: SERVER,
  },
  {
    name: 'does not double a quote in MariaDB',
    harm: 'A name with a quote in it becomes SQL.',
    file: 'adapters/mysql/protocol/sql.ts',
    text: `text.replaceAll("'", "''")`,
    replacement: 'text',
    lane: unit(`${MYSQL}/sql.test.ts`),
  },
  {
    name: 'hashes once for MariaDB',
    harm: 'The new password never logs in.',
    file: 'adapters/mysql/protocol/sql.ts',
    text: "createHash('sha1').update(once)",
    replacement: "createHash('sha1').update(password.reveal())",
    lane: unit(`${MYSQL}/sql.test.ts`),
  },
  {
    name: 'takes a lost connection to MariaDB for a refusal',
    harm: 'A password that was changed just before the connection broke counts as not changed.',
    file: 'adapters/mysql/protocol/errors.ts',
    text: 'errno === undefined || failure.fatal === true || KILLED.has(errno)',
    replacement: 'KILLED.has(errno ?? 0)',
    lane: unit(`${MYSQL}/errors.test.ts`),
  },
  {
    name: 'does not see a grant option',
    harm: 'Applications are flipped to a user that may give nothing on.',
    file: 'adapters/mysql/protocol/grants.ts',
    text: String.raw`/ GRANT OPTION\b/.test(tail)`,
    replacement: 'tail.length < 0',
    lane: unit(`${MYSQL}/grants.test.ts`),
  },
  {
    name: 'passes over a grant that it cannot read',
    harm: 'A right of the active user that this release does not know is not missed.',
    file: 'adapters/mysql/protocol/grants.ts',
    text: "if (scope === undefined || !reader.take('TO')) return 'unknown'",
    replacement: "if (scope === undefined || !reader.take('TO')) return undefined",
    lane: unit(`${MYSQL}/grants.test.ts`),
  },
]
