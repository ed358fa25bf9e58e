import type { Timers } from '../credentials/timers.ts'

/** Pauses that end early when there is news. */
export class Pauses {
  readonly #timers: Timers
  readonly #running = new Set<() => void>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  async pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#running.add(resolve)
    const cancel = this.#timers.start(ms, resolve)
    await promise
    cancel()
    this.#running.delete(resolve)
  }

  /** Ends all of them. */
  wake(): void {
    for (const resolve of this.#running) resolve()
  }
}
