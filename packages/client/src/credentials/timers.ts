import { surroundings } from './surroundings.ts'

/**
 * Timers that keep the process alive only while somebody waits for what they lead to: an
 * application that has nothing else to do ends, and one that waits for its first credential does
 * not.
 */
export class Timers {
  readonly #running = new Set<NodeJS.Timeout>()
  #holders = 0

  /** Calls `then` after so many milliseconds. @returns what takes it back */
  start(ms: number, then: () => void): () => void {
    const timer = surroundings.startTimer(ms, () => {
      this.#running.delete(timer)
      then()
    })
    this.#running.add(timer)
    if (this.#holders === 0) timer.unref()
    return () => {
      clearTimeout(timer)
      this.#running.delete(timer)
    }
  }

  /** Keeps the process alive until `work` has ended. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#holders += 1
    for (const timer of this.#running) timer.ref()
    try {
      return await work
    } finally {
      this.#holders -= 1
      if (this.#holders === 0) for (const timer of this.#running) timer.unref()
    }
  }

  /** Takes all of them back. */
  clear(): void {
    for (const timer of this.#running) clearTimeout(timer)
    this.#running.clear()
  }
}
