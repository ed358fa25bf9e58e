import type { Action } from '../domain/action.ts'
import { RotatorError } from '../errors.ts'
import type { AdminSession } from '../ports/database.ts'
import { describeSessions } from './drain.ts'
import type { Step, StepContext } from './step.ts'

/**
 * Reversible without knowing any password; open sessions stay. Whoever misses the account while it
 * is watched gets it back at once, and the run stops.
 */
export const quarantine: Step = {
  name: 'quarantine',
  title: 'Let nobody log in as the old slot any more, and watch whether anybody misses it',
  reversible: true,
  requires: ['sessions'],
  touches: ['logins', 'sessions'],
  apply: lockAndWatch,
}

async function lockAndWatch(action: Action, context: StepContext): Promise<void> {
  const { documents, logins } = context
  const session = await context.session()
  const username = documents.username(action.slot)
  const before = await session.lockedLogins(context.call())
  logins.forget(action.slot)
  await session.quarantine(username, true, context.call())
  const missed = await watch(action, context, before)
  if (missed === undefined) return
  await session.quarantine(username, false, context.call())
  throw new RotatorError('ERR_QUARANTINE_MISSED', { slot: action.slot, username, missed })
}

/** @returns who missed the account, or undefined after the whole time. */
async function watch(
  action: Action,
  context: StepContext,
  before: number | undefined,
): Promise<string | undefined> {
  const { clock, stop, target } = context
  const { quarantineMs = 0, drainPollMs } = target.policy
  const begun = clock.now().getTime()
  const illness = new Illness()
  while (!stop.aborted) {
    const missed = (await missedBy(action, context, before)) ?? (await illness.look(context))
    if (missed !== undefined) return missed
    const waitedMs = clock.now().getTime() - begun
    if (waitedMs >= quarantineMs) {
      context.sawQuarantine(action.slot)
      return undefined
    }
    const { step, slot } = action
    context.emit({ code: 'STEP_WAITING', step, slot, waitedMs, on: 'the end of the quarantine' })
    await clock.sleep(drainPollMs, stop)
  }
  return undefined
}

/** What the database shows. */
async function missedBy(
  action: Action,
  context: StepContext,
  before: number | undefined,
): Promise<string | undefined> {
  const session: AdminSession = await context.session()
  const username = context.documents.username(action.slot)
  const sessions = await session.sessions([username], context.call())
  if (sessions.length > 0) return describeSessions(sessions)
  const refused = await session.lockedLogins(context.call())
  const more = before !== undefined && refused !== undefined && refused > before
  return more ? `${refused - before} refused logins to a locked account` : undefined
}

/** What consumers say of themselves. One bad answer may be chance. */
class Illness {
  readonly #bad = new Map<string, number>()

  async look(context: StepContext): Promise<string | undefined> {
    for (const runtime of context.target.runtimes) {
      const health = await runtime.health?.(context.call())
      const inARow = health?.well === false ? (this.#bad.get(runtime.id) ?? 0) + 1 : 0
      this.#bad.set(runtime.id, inARow)
      if (health && inARow >= 2) return `${runtime.id} is not well: ${health.why}`
    }
    return undefined
  }
}
