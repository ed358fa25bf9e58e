import { isRotatorError, RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { LoginAnswer } from '../../ports/database.ts'
import { Link } from './link.ts'
import type { LinkOptions } from './link.ts'

/** One connection, one query, and it is gone. Nothing here can have changed anything. */
export async function login(options: LinkOptions, call: Call): Promise<LoginAnswer> {
  const opened = await Link.open(options, call)
  if (!(opened instanceof Link)) return opened
  await using link = opened
  try {
    await link.query({ sql: 'SELECT 1', operation: 'test query' }, call)
  } catch (error) {
    if (!isRotatorError(error) || error.code !== 'ERR_OUTCOME_UNKNOWN') throw error
    const reason = 'the connection ended before the test query was answered'
    throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint: link.endpoint, reason })
  }
  return 'accepted'
}
