import type { Timers } from '../credentials/timers.ts'
import type { LineRules, Then } from './driver.ts'

/**
 * Who waits for a connection, in the order in which they came. A pool of a driver has a queue of
 * its own, in which every single request would make another login once the password has ceased to
 * work, and which a swap could not move to the next pool.
 */
export class Line<C> {
  readonly #rules: LineRules
  readonly #timers: Timers
  /** In order, each with what takes its limit back. */
  readonly #waiting = new Map<Then<C>, () => void>()

  constructor(rules: LineRules, timers: Timers) {
    this.#rules = rules
    this.#timers = timers
  }

  get length(): number {
    return this.#waiting.size
  }

  join(then: Then<C>): void {
    const { most, onWait, tooMany, waitMs, tooLong } = this.#rules
    if (this.#waiting.size >= most) {
      process.nextTick(then, tooMany())
      return
    }
    const expire = (): void => {
      this.#waiting.delete(then)
      then(tooLong())
    }
    this.#waiting.set(then, waitMs > 0 ? this.#timers.start(waitMs, expire) : () => undefined)
    onWait?.()
  }

  /** Whoever has waited longest leaves. */
  next(): Then<C> | undefined {
    const [first] = this.#waiting
    if (first === undefined) return undefined
    const [then, cancel] = first
    cancel()
    this.#waiting.delete(then)
    return then
  }

  /** Sends everybody away. */
  close(error: unknown): void {
    for (let then = this.next(); then !== undefined; then = this.next()) then(error)
  }
}
