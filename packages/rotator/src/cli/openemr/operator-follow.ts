import { isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Launch, LaunchState } from '../../ports/launcher.ts'

/**
 * What became of a launch.
 * - `ended`: with this exit code. `failed`: without one.
 * - `left`: it may still run, and nobody follows it any more.
 */
export type Followed =
  | { readonly kind: 'ended'; readonly exitCode: number; readonly why?: string }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'left'; readonly why: string }

/** How a launch is followed. */
export interface FollowOptions {
  readonly clock: Clock
  /** Milliseconds after which it is followed no longer. */
  readonly limitMs: number
  /** Says why to leave it alone when it aborts. */
  readonly stop: AbortSignal
  /** Gets every line that it prints. @returns true for the line that it prints last */
  readonly show: (line: string) => boolean
  /** Gets remarks about it. */
  readonly note: (text: string) => void
}

const CALL_LIMIT_MS = 30_000

/** For how long the platform may be unreachable before the launch is given up, in milliseconds. */
const PATIENCE_MS = 120_000

/** Longest time between two looks, in milliseconds; the first ones come sooner. */
const LONGEST_POLL_MS = 5_000

/** Most that is waited for the rest of a log, in silences of its lag. */
const MOST_LAGS = 6

/**
 * Shows what a launch prints until it is over. Never ends it: a rotation that is followed no longer
 * goes on by itself.
 */
export async function follow(launch: Launch, options: FollowOptions): Promise<Followed> {
  const { clock, limitMs, stop, note } = options
  const log = new Log(launch, options)
  const watch = new Watch(launch, clock)
  const begun = clock.now().getTime()
  let told = ''
  let elapsedMs = 0
  while (elapsedMs < limitMs) {
    const state = await watch.look()
    await log.show()
    if (state.state === 'ended' || state.state === 'failed') {
      // What never ran prints nothing.
      if (state.state === 'ended' || log.hasLines) await log.finish()
      return over(state)
    }
    if (state.state === 'lost') return { kind: 'left', why: state.why }
    const says = `${launch.name}: ${state.why ?? state.state}`
    if (says !== told) note(says)
    told = says
    if (stop.aborted) return { kind: 'left', why: `${String(stop.reason)}: not followed further` }
    const soon = Math.min(Math.max(500, Math.round(elapsedMs / 8)), LONGEST_POLL_MS)
    await clock.sleep(Math.min(soon, limitMs - elapsedMs), stop)
    elapsedMs = clock.now().getTime() - begun
  }
  return { kind: 'left', why: `it was not over after ${limitMs / 1000} s` }
}

function over(state: Exclude<LaunchState, { state: 'waiting' | 'running' }>): Followed {
  if (state.state === 'failed') return { kind: 'failed', why: state.why }
  const { exitCode, why } = state
  return { kind: 'ended', exitCode, ...(why !== undefined && { why }) }
}

type Seen = LaunchState | { readonly state: 'lost'; readonly why: string }

/** Looks, and bears for a while that nobody answers. */
class Watch {
  readonly #launch: Launch
  readonly #clock: Clock
  #silentSince: number | undefined

  constructor(launch: Launch, clock: Clock) {
    this.#launch = launch
    this.#clock = clock
  }

  async look(): Promise<Seen> {
    try {
      const state = await this.#launch.look(callOf(this.#clock))
      this.#silentSince = undefined
      return state
    } catch (error) {
      if (!isRotatorError(error)) throw error
      const { message: why, retry } = error
      this.#silentSince ??= this.#clock.now().getTime()
      const silentMs = this.#clock.now().getTime() - this.#silentSince
      if (retry === 'never' || silentMs >= PATIENCE_MS) return { state: 'lost', why }
      return { state: 'waiting', why }
    }
  }
}

/** The log of a launch: what cannot be read is told once, and fails nothing. */
class Log {
  readonly #launch: Launch
  readonly #options: FollowOptions
  #isUnreadable = false
  #isComplete = false
  #hasLines = false

  constructor(launch: Launch, options: FollowOptions) {
    this.#launch = launch
    this.#options = options
  }

  /** It has shown something. */
  get hasLines(): boolean {
    return this.#hasLines
  }

  /** @returns how many lines there were */
  async show(): Promise<number> {
    const { clock, show, note } = this.#options
    try {
      const lines = await this.#launch.readLog(callOf(clock))
      this.#isUnreadable = false
      for (const line of lines) this.#isComplete = show(line)
      this.#hasLines ||= lines.length > 0
      return lines.length
    } catch (error) {
      if (!isRotatorError(error)) throw error
      if (!this.#isUnreadable) note(`${error.message} ${error.hint}`)
      this.#isUnreadable = true
      return 0
    }
  }

  /** Waits for the last line, or for a silence in which it would have come. */
  async finish(): Promise<void> {
    const { logLagMs } = this.#launch
    const { clock, stop } = this.#options
    const stepMs = logLagMs / 5
    let silentMs = 0
    for (let waitedMs = 0; waitedMs < logLagMs * MOST_LAGS; waitedMs += stepMs) {
      if (this.#isComplete || silentMs >= logLagMs || stop.aborted) return
      await clock.sleep(stepMs, stop)
      silentMs = (await this.show()) > 0 ? 0 : silentMs + stepMs
    }
  }
}

function callOf(clock: Clock): Call {
  return { signal: clock.deadline(CALL_LIMIT_MS) }
}
