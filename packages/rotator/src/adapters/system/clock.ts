import type { Clock } from '../../ports/clock.ts'

/** The clock of this machine. Its timers keep the process alive only while somebody waits. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, wake) => sleep(ms, wake),
  deadline: (ms) => AbortSignal.timeout(ms),
}

async function sleep(ms: number, wake: AbortSignal | undefined): Promise<void> {
  if (wake?.aborted === true) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const onWake = (): void => resolve()
  wake?.addEventListener('abort', onWake, { once: true })
  await promise
  clearTimeout(timer)
  wake?.removeEventListener('abort', onWake)
}
