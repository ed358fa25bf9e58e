import type { Action, Subject } from '../domain/action.ts'
import type { StepEvidence } from '../domain/events.ts'
import { RotatorError } from '../errors.ts'
import type { AdminSession, Session } from '../ports/database.ts'
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
  const begun = clock.now().getTime()
  const lookout = new Lookout(action.slot, context)
  let quietSince: number | undefined
  while (!context.stop.aborted) {
    const somebody = await lookout.look()
    const now = clock.now().getTime()
    quietSince = somebody === undefined ? (quietSince ?? now) : undefined
    if (quietSince !== undefined && now - quietSince >= drainQuietMs) {
      context.noted({ quietMs: now - quietSince, ...lookout.seen })
      return context.sawQuiet(action.slot)
    }
    if (quietSince === undefined && now - begun >= drainLimitMs)
      throw new RotatorError('ERR_STRAGGLERS', {
        slot: action.slot,
        username,
        sessions: somebody ?? '',
      })
    const { step, slot } = action
    const on = somebody ?? 'the quiet window'
    context.emit({ code: 'STEP_WAITING', step, slot, waitedMs: now - begun, on })
    await clock.sleep(drainPollMs, context.stop)
  }
}

/** Looks for whoever is, or has been since the last look, on a slot. */
class Lookout {
  readonly #slot: Subject
  readonly #context: StepContext
  #counts = 0
  #mostSessions = 0
  /** Logins at the last look, where the servers count them. */
  #logins: number | undefined
  /** Logins that were under way when the window was to begin, and have not ended since. */
  #unfinished: ReadonlySet<string> | undefined

  constructor(slot: Subject, context: StepContext) {
    this.#slot = slot
    this.#context = context
  }

  /** How often somebody was looked for, where, and the most sessions that were found at once. */
  get seen(): StepEvidence {
    const { endpoints: countedOn } = this.#context.target.database
    return { counts: this.#counts, mostSessions: this.#mostSessions, countedOn }
  }

  /** @returns who, readable; undefined where nobody was there. */
  async look(): Promise<string | undefined> {
    const { documents } = this.#context
    const session = await this.#context.session()
    const username = documents.username(this.#slot)
    // First, since a login that ends now is a session in the list that is read next.
    const unfinished = await this.#loginsUnderWay(session)
    const all = await session.sessions([username], this.#context.call())
    const sessions = all.filter((found) => documents.subjectOf(found) === this.#slot)
    this.#counts += 1
    this.#mostSessions = Math.max(this.#mostSessions, sessions.length)
    const more = await this.#loginsSince(session, username)
    const somebody = sessions.length > 0 || more > 0
    if (somebody) this.#unfinished = undefined
    if (sessions.length > 0) return describeSessions(sessions)
    if (more > 0) return `${username} by ${more} logins that were over before the next look`
    return unfinished > 0 ? `${unfinished} logins under way, nobody knows as whom` : undefined
  }

  /** Whoever begins to log in later was told where to go by then. */
  async #loginsUnderWay(session: AdminSession): Promise<number> {
    const now = await session.openLogins(this.#context.call())
    const before = this.#unfinished
    this.#unfinished = new Set(before ? now.filter((id) => before.has(id)) : now)
    return this.#unfinished.size
  }

  /** Where two slots are one user, its logins say nothing about either. */
  async #loginsSince(session: AdminSession, username: string): Promise<number> {
    if (this.#context.target.strategy === 'dual-password') return 0
    const before = this.#logins
    this.#logins = await session.loginCount(username, this.#context.call())
    if (before === undefined || this.#logins === undefined) return 0
    // A server that was restarted counts from the start: nothing is known about the time before.
    return this.#logins < before ? 1 : this.#logins - before
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
