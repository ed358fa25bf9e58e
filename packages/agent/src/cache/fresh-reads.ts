/** Two at once: one that hangs does not keep others waiting, and a crowd asks no more than that. */
const AT_ONCE = 2

/**
 * Reads of which nobody gets an answer that was asked for before they came. Whoever comes while two
 * are under way shares the next one with all others who do.
 */
export class FreshReads<T> {
  #underWay = 0
  #next: PromiseWithResolvers<T> | undefined
  #whenFree: (() => void) | undefined

  /** True when nobody waits: it may be forgotten. */
  get isIdle(): boolean {
    return this.#underWay === 0
  }

  async ask(read: () => Promise<T>): Promise<T> {
    if (this.#underWay < AT_ONCE) return await this.#start(read)
    if (this.#next) return await this.#next.promise
    const next = Promise.withResolvers<T>()
    this.#next = next
    this.#whenFree = () => {
      this.#next = undefined
      this.#start(read).then(next.resolve, next.reject)
    }
    return await next.promise
  }

  async #start(read: () => Promise<T>): Promise<T> {
    this.#underWay += 1
    try {
      return await read()
    } finally {
      this.#underWay -= 1
      const then = this.#whenFree
      this.#whenFree = undefined
      then?.()
    }
  }
}
