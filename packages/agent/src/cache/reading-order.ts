/**
 * Which answers are older than others: those to requests that were sent earlier. Keys are only
 * remembered while a request about them is under way.
 */
export class ReadingOrder {
  readonly #keys = new Map<string, { underWay: number; settled: number }>()
  #last = 0

  /** Call it around everything in which requests about a key are sent. */
  async during<T>(key: string, work: () => Promise<T>): Promise<T> {
    const state = this.#keys.get(key) ?? { underWay: 0, settled: 0 }
    this.#keys.set(key, state)
    state.underWay += 1
    try {
      return await work()
    } finally {
      state.underWay -= 1
      if (state.underWay === 0) this.#keys.delete(key)
    }
  }

  /** Call it when a request is sent. */
  next(): number {
    this.#last += 1
    return this.#last
  }

  /** Call it with an answer. @returns false when the answer to a later request was there before */
  settle(key: string, order: number): boolean {
    const state = this.#keys.get(key)
    if (state === undefined || state.settled > order) return false
    state.settled = order
    return true
  }
}
