import type { Action } from '../domain/action.ts'
import { RotatorError } from '../errors.ts'
import type { Session } from '../ports/database.ts'
import { describeSessions } from './drain.ts'
import type { Step, StepContext } from './step.ts'

/**
 * Only for an urgent run, and only after the password they began with has died: nobody that is sent
 * away can come back with it.
 */
export const evict: Step = {
  name: 'evict',
  title: 'End the sessions that began with a password which is in the wrong hands',
  reversible: false,
  requires: ['configs', 'sessions'],
  touches: ['sessions'],
  apply: waitAndEnd,
}

async function waitAndEnd(action: Action, context: StepContext): Promise<void> {
  const { clock, target } = context
  const begun = clock.now().getTime()
  while (!context.stop.aborted) {
    const sessions = await sessionsOf(action, context)
    if (sessions.length === 0) return
    const waitedMs = clock.now().getTime() - begun
    if (waitedMs >= target.policy.evictAfterMs) return await end(sessions, action, context)
    const { step, slot } = action
    context.emit({ code: 'STEP_WAITING', step, slot, waitedMs, on: describeSessions(sessions) })
    await clock.sleep(target.policy.drainPollMs, context.stop)
  }
}

/** A server may take a moment to end a session that is busy. */
const LOOKS = 20

async function end(
  sessions: readonly Session[],
  action: Action,
  context: StepContext,
): Promise<void> {
  const { clock, target } = context
  const { slot } = action
  const session = await context.session()
  context.emit({ code: 'SESSIONS_ENDED', slot, sessions: describeSessions(sessions) })
  await session.endSessions(sessions, context.call())
  let left = await sessionsOf(action, context)
  for (let looks = 1; left.length > 0 && looks < LOOKS; looks++) {
    await clock.sleep(target.policy.drainPollMs, context.stop)
    left = await sessionsOf(action, context)
  }
  if (left.length === 0) return
  const username = context.documents.username(slot)
  throw new RotatorError('ERR_SESSIONS_LEFT', { slot, username, sessions: describeSessions(left) })
}

async function sessionsOf(action: Action, context: StepContext): Promise<readonly Session[]> {
  const { documents } = context
  const session = await context.session()
  const all = await session.sessions([documents.username(action.slot)], context.call())
  return all.filter((candidate) => documents.subjectOf(candidate) === action.slot)
}
