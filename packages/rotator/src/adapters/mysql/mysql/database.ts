import type { Call } from '../../../ports/call.ts'
import type { Database } from '../../../ports/database.ts'
import { RotatorError } from '../../../errors.ts'
import type { Connection } from '../protocol/connection.ts'
import { countLockedLogins } from '../protocol/counters.ts'
import { ProtocolDatabase } from '../protocol/database.ts'
import type { DatabaseOptions } from '../protocol/database.ts'
import type { Dialect } from '../protocol/dialect.ts'
import { readAccounts } from './accounts.ts'
import { SESSION_MODE } from '../protocol/sql.ts'
import { changeOwnPassword, setPassword, setPasswords } from './passwords.ts'
import { USER_COMMANDS } from './users.ts'

/**
 * A MySQL server, 8.0.19 or newer, as the rotator needs it. Opens nothing until it is used.
 *
 * MySQL says that an account is locked only to who knows its password (error 3118); to anybody else
 * it says that the password is wrong (mysql.int.test.ts).
 */
export function mysqlDatabase(options: DatabaseOptions): Database {
  return new ProtocolDatabase(options, MYSQL)
}

/**
 * A statement that waits for another one, a backup's lock for instance, must be given up by the
 * server itself: left alone it would come through long after the rotator stopped waiting and change
 * a password behind its back. ALTER USER waits for metadata locks, in which `lock_wait_timeout`
 * counts, and for rows (mysql.int.test.ts). The server must not end the session, and with it the
 * lock, while a rollout takes its time.
 */
async function prepare(connection: Connection, call: Call): Promise<void> {
  const sql =
    `SET SESSION sql_mode = '${SESSION_MODE}', sql_quote_show_create = 1,` +
    ` lock_wait_timeout = ${WAIT_SECONDS}, innodb_lock_wait_timeout = ${WAIT_SECONDS},` +
    ` max_execution_time = ${WAIT_SECONDS * 1000}, wait_timeout = 86400`
  await connection.run({ operation: 'prepare the session', sql }, call)
  const operation = 'ask for the version'
  const [row] = await connection.run({ operation, sql: FACTS }, call)
  const [version, raw] = (row ?? []).map(String)
  const problem = problemOf(version ?? '', raw)
  if (problem !== undefined)
    throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: connection.endpoint, problem })
}

/**
 * `log_raw` makes the server write passwords to its general log as they were sent. Everybody may
 * read the variable here, even where performance_schema is off.
 * Source: MySQL's documentation of `--log-raw`.
 */
function problemOf(version: string, raw: string | undefined): string | undefined {
  if (!isSupported(version)) return `the server is ${version}; MySQL 8.0.19 or newer is needed`
  return raw === 'ON' ? 'the server writes passwords to its log (log_raw is on)' : undefined
}

/** 8.0.19 is the first with FAILED_LOGIN_ATTEMPTS, which accounts are compared by. */
function isSupported(version: string): boolean {
  if (/mariadb/i.test(version)) return false
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number)
  return major > 8 || (major === 8 && (minor > 0 || patch >= 19))
}

const WAIT_SECONDS = 5
const FACTS =
  'SELECT VERSION(), (SELECT VARIABLE_VALUE FROM performance_schema.global_variables' +
  " WHERE VARIABLE_NAME = 'log_raw')"

/** Source: MySQL's documentation, "Account User Names and Passwords". */
const LONGEST_USERNAME = 32

const MYSQL: Dialect = {
  longestUsername: LONGEST_USERNAME,
  ...USER_COMMANDS,
  prepare,
  setPassword,
  changeOwnPassword,
  setPasswords,
  lockedLogins: countLockedLogins,
  // FAILED_LOGIN_ATTEMPTS.
  blocksAfterRefusals: async (connection, user, call) =>
    (await readAccounts(connection, user, call)).some(
      ({ passwords }) => passwords.failedLogins > 0,
    ),
}
