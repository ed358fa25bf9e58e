import { RotatorError } from '../../../errors.ts'
import type { Call } from '../../../ports/call.ts'
import type { Cell, Connection } from './connection.ts'

/**
 * `read_only` does not hold for who has CONNECTION_ADMIN (MySQL) or READ ONLY ADMIN (MariaDB), so
 * the server itself would let an admin change a password on a replica alone (mysql.int.test.ts). A
 * reader of Amazon Aurora has `innodb_read_only`.
 * Sources: MySQL's and MariaDB's documentation of `read_only`; Amazon Aurora user guide,
 * "Connecting to a DB cluster": readers have innodb_read_only = 1.
 */
const READ_ONLY = 'SELECT @@GLOBAL.read_only, @@GLOBAL.innodb_read_only'

/**
 * Refuses a server that should take no changes: a replica, or one that is set so.
 * @throws ERR_DB_READ_ONLY
 */
export async function assertWriter(connection: Connection, call: Call): Promise<void> {
  const operation = 'ask whether the server is read-only'
  const [row] = await connection.run({ operation, sql: READ_ONLY }, call)
  const { endpoint } = connection
  const on = ['read_only', 'innodb_read_only'].filter((_, index) => isOn(row?.[index]))
  if (on.length === 0) return
  throw new RotatorError('ERR_DB_READ_ONLY', { endpoint, reason: `${on.join(', ')} is on` })
}

/** Newer versions of MariaDB give `read_only` more values than two, by name. */
function isOn(value: Cell | undefined): boolean {
  return value !== undefined && !['0', 'OFF'].includes(String(value))
}
