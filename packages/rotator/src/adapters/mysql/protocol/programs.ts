import type { Call } from '../../../ports/call.ts'
import { RotatorError } from '../../../errors.ts'
import type { Cell, Connection } from './connection.ts'

/**
 * What clients call themselves, by connection. Empty where performance_schema is off (MariaDB's
 * default) or the admin may not read it.
 */
export async function readPrograms(
  connection: Connection,
  call: Call,
): Promise<ReadonlyMap<Cell | undefined, string>> {
  const sql =
    'SELECT PROCESSLIST_ID, ATTR_VALUE FROM performance_schema.session_connect_attrs' +
    " WHERE ATTR_NAME = 'program_name'"
  try {
    const rows = await connection.run({ operation: 'read connection attributes', sql }, call)
    return new Map(rows.map(([id, program]) => [id, String(program)]))
  } catch (error) {
    if (error instanceof RotatorError && error.code === 'ERR_DB_DENIED') return new Map()
    throw error
  }
}
