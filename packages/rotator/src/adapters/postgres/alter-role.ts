import { isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { Link, Statement } from './link.ts'

const ATTEMPTS = 20

/**
 * Runs an ALTER ROLE whose repetition is harmless. Two at once on one role can fail with "tuple
 * concurrently updated" (XX000, internal error): the one that fails has changed nothing.
 * Source: test "bears other sessions that alter the same role".
 */
export async function alterRole(link: Link, statement: Statement, call: Call): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await link.query(statement, call)
      return
    } catch (error) {
      if (attempt === ATTEMPTS || !isInternal(error)) throw error
    }
  }
}

function isInternal(error: unknown): boolean {
  return (
    isRotatorError(error) && error.code === 'ERR_DB_STATEMENT' && error.details.sqlstate === 'XX000'
  )
}
