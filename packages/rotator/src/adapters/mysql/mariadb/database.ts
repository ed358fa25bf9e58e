import type { Call } from '../../../ports/call.ts'
import type { Database } from '../../../ports/database.ts'
import { RotatorError } from '../../../errors.ts'
import type { Connection } from '../protocol/connection.ts'
import { ProtocolDatabase } from '../protocol/database.ts'
import type { DatabaseOptions } from '../protocol/database.ts'
import type { Dialect } from '../protocol/dialect.ts'
import { SESSION_MODE } from '../protocol/sql.ts'
import { changeOwnPassword, setPassword, setPasswords } from './passwords.ts'
import { USER_COMMANDS } from './users.ts'

/**
 * A MariaDB server, 10.4 or newer, as the rotator needs it. Opens nothing until it is used.
 *
 * With `tls: off`, MariaDB before 11 answers a login that should have used TLS exactly like one
 * with a wrong password (error 1045), so `login` then says `denied`.
 */
export function mariadbDatabase(options: DatabaseOptions): Database {
  return new ProtocolDatabase(options, MARIADB)
}

/**
 * A statement that waits for another one, a backup's lock for instance, must be given up by the
 * server itself: left alone it would come through minutes after the rotator stopped waiting and
 * change a password behind its back. `lock_wait_timeout` does not hold for ALTER USER behind FLUSH
 * TABLES WITH READ LOCK; `max_statement_time` does (mariadb.int.test.ts). The server must not end
 * the session, and with it the lock, while a rollout takes its time.
 */
async function prepare(connection: Connection, call: Call): Promise<void> {
  const sql =
    `SET SESSION sql_mode = '${SESSION_MODE}', sql_quote_show_create = 1,` +
    ` max_statement_time = ${STATEMENT_SECONDS}, wait_timeout = 86400`
  await connection.run({ operation: 'prepare the session', sql }, call)
  const [row] = await connection.run({ operation: 'ask for the version', sql: VERSION }, call)
  const version = String(row?.[0])
  if (/^(?:5\.5\.5-)?(?:10\.(?:[4-9]|1\d)|1[1-9]|[2-9]\d)\.\d.*mariadb/i.test(version)) return
  throw new RotatorError('ERR_DB_UNSUPPORTED', {
    endpoint: connection.endpoint,
    problem: `the server is ${version}; MariaDB 10.4 or newer is needed`,
  })
}

const STATEMENT_SECONDS = 5
const VERSION = 'SELECT VERSION()'

/** Source: MariaDB's documentation, CREATE USER, "Account Names". */
const LONGEST_USERNAME = 80

/**
 * A server may block whoever is refused too often in a row. 4294967295 is the default: never.
 * Source: MariaDB's documentation of max_password_errors.
 */
async function blocksAfterRefusals(
  connection: Connection,
  _user: string,
  call: Call,
): Promise<boolean> {
  const operation = 'ask after how many refused logins a user is blocked'
  const sql = 'SELECT @@GLOBAL.max_password_errors < 4294967295'
  const [row] = await connection.run({ operation, sql }, call)
  return row?.[0] !== 0
}

const MARIADB: Dialect = {
  longestUsername: LONGEST_USERNAME,
  ...USER_COMMANDS,
  prepare,
  setPassword,
  changeOwnPassword,
  setPasswords,
  // MariaDB counts logins to locked accounts nowhere.
  lockedLogins: async () => undefined,
  blocksAfterRefusals,
}
