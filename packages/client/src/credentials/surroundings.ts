/** Time, chance and environment of the process: nothing else of the client reaches for them. */
export const surroundings = {
  environment: process.env as Readonly<Record<string, string | undefined>>,
  /** Milliseconds of a clock that only goes forward. */
  now: (): number => performance.now(),
  /** What time it is, in a process that may have been frozen, too. */
  date: (): Date => new Date(),
  /** 0 up to and without 1. */
  chance: (): number => Math.random(),
  startTimer: (ms: number, then: () => void): NodeJS.Timeout => setTimeout(then, ms),
} as const
