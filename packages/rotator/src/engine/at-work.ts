import type { Target } from '../ports/target.ts'
import { Desk } from './desk.ts'
import type { Environment } from './environment.ts'
import { Journal } from './journal.ts'
import type { RunResult } from './result.ts'
import { AdminLost } from './session.ts'

/**
 * How a run would end now because another rotator works on the target: the lock is looked at and
 * not taken. Undefined where nobody does, and where no version of the admin secret logs in, which
 * the run itself tells.
 *
 * @throws ERR_STORE_*, ERR_DB_* when the admin's secret cannot be read or the database not reached
 */
export async function turnedAway(target: Target, env: Environment): Promise<RunResult | undefined> {
  const desk = new Desk(target, env, 'look')
  try {
    const { lock } = await desk.session()
    return lock.kind === 'held' ? new Journal(desk, 'rotate').locked(lock.by) : undefined
  } catch (error) {
    if (error instanceof AdminLost) return undefined
    desk.secrets.scrubError(error)
    throw error
  } finally {
    await desk.sessions.drop()
  }
}
