import type { Call } from '../../../ports/call.ts'
import { RotatorError } from '../../../errors.ts'
import type { Connection, Statement } from './connection.ts'

/**
 * The sum over servers of a number that each of them counts; undefined where one does not count, or
 * the admin may not look. Two endpoints of one server count it twice, which no difference minds.
 */
async function sumOver(
  connections: readonly Connection[],
  statement: Statement,
  call: Call,
): Promise<number | undefined> {
  let sum = 0
  for (const connection of connections) {
    const [row] = await connection.run(statement, call).catch(hidden)
    const [counted] = row ?? []
    if (counted === undefined || counted === null) return undefined
    sum += Number(counted)
  }
  return sum
}

function hidden(error: unknown): readonly never[] {
  if (error instanceof RotatorError && error.code === 'ERR_DB_DENIED') return []
  throw error
}

/**
 * Logins of this user since the servers were started; MySQL counts those that it refused, too.
 * Undefined where performance_schema is off (MariaDB's default) or had no room for every account.
 * Source: MySQL's "Connection Tables": TOTAL_CONNECTIONS only grows.
 */
export async function countLogins(
  connections: readonly Connection[],
  username: string,
  call: Call,
): Promise<number | undefined> {
  const sql =
    'SELECT IF(@@performance_schema AND NOT EXISTS (' +
    'SELECT 1 FROM performance_schema.global_status' +
    " WHERE VARIABLE_NAME = 'Performance_schema_accounts_lost' AND VARIABLE_VALUE > 0)," +
    ' COALESCE(SUM(TOTAL_CONNECTIONS), 0), NULL)' +
    ' FROM performance_schema.accounts WHERE BINARY USER = ?'
  return await sumOver(connections, { operation: 'count logins', sql, values: [username] }, call)
}

/**
 * Refused logins to any locked account: MySQL's status variable `Locked_connects`. MariaDB has
 * none.
 */
export async function countLockedLogins(
  connections: readonly Connection[],
  call: Call,
): Promise<number | undefined> {
  const sql =
    'SELECT VARIABLE_VALUE FROM performance_schema.global_status' +
    " WHERE VARIABLE_NAME = 'Locked_connects'"
  return await sumOver(connections, { operation: 'count refused logins', sql }, call)
}
