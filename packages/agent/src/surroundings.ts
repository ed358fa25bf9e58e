import { env } from 'node:process'
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers'

/** A timer that is running. */
export interface Timer {
  cancel(): void
}

/** Time, as the agent sees it. */
export interface Clock {
  /** Milliseconds of a clock that only goes forward. */
  now(): number
  /** Calls once after so many milliseconds. It keeps no process alive. */
  startTimer(ms: number, then: () => void): Timer
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Time and environment of the process: nothing else of the agent reaches for them. */
export const surroundings = {
  environment: env as Environment,
  now: (): number => performance.now(),
  /** The time of day, for the log. */
  wallClock: (): Date => new Date(performance.timeOrigin + performance.now()),
  startTimer: (ms: number, then: () => void): Timer => {
    const timer = startTimer(then, ms).unref()
    return { cancel: () => stopTimer(timer) }
  },
} as const
