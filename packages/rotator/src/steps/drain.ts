import type { Action } from '../domain/action.ts'
import { RotatorError } from '../errors.ts'
import type { Session } from '../ports/database.ts'
import type { Step, StepContext } from './step.ts'

/**
 * Never ends a session itself: a straggler stops the run before the point of no return and is
 * named.
 */
export const drain: Step = {
  name: 'drain',
  title: 'Wait until nobody uses the old slot, for a whole quiet window, on every endpoint',
  reversible: true,
  requires: [],
  touches: ['sessions', 'configs'],
  apply: waitForQuiet,
}

async function waitForQuiet(action: Action, context: StepContext): Promise<void> {
  const { clock, documents, target } = context
  const { drainQuietMs, drainLimitMs, drainPollMs } = target.policy
  const username = documents.username(action.slot)
  const session = await context.session()
  const begun = clock.now().getTime()
  let quietSince: number | undefined
  while (!context.stop.aborted) {
    const all = await session.sessions([username], context.call())
    const sessions = all.filter((found) => documents.subjectOf(found) === action.slot)
    const now = clock.now().getTime()
    quietSince = sessions.length === 0 ? (quietSince ?? now) : undefined
    if (quietSince !== undefined && now - quietSince >= drainQuietMs)
      return context.sawQuiet(action.slot)
    if (quietSince === undefined && now - begun >= drainLimitMs)
      throw new RotatorError('ERR_STRAGGLERS', {
        slot: action.slot,
        username,
        sessions: describeSessions(sessions),
      })
    const { step, slot } = action
    const on = sessions.length === 0 ? 'the quiet window' : describeSessions(sessions)
    context.emit({ code: 'STEP_WAITING', step, slot, waitedMs: now - begun, on })
    await clock.sleep(drainPollMs, context.stop)
  }
}

const NAMED_AT_MOST = 5

/** Sessions as a person can find them: application, address, endpoint, how many. */
export function describeSessions(sessions: readonly Session[]): string {
  const counts = new Map<string, number>()
  for (const { username, application, client, endpoint } of sessions) {
    const from = client === '' ? 'an unknown address' : client
    const who = application === '' ? 'an unnamed client' : application
    const line = `${username} by ${who} from ${from} on ${endpoint}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  const lines = [...counts].map(([line, count]) => (count === 1 ? line : `${line} (${count})`))
  const more = lines.length - NAMED_AT_MOST
  return [...lines.slice(0, NAMED_AT_MOST), ...(more > 0 ? [`${more} more`] : [])].join('; ')
}
