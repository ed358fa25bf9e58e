import type { DatabaseSession } from '../../../packages/testkit/src/rig/consumer-session.ts'

/** How a pool behaves. */
export interface PoolOptions {
  readonly open: () => Promise<DatabaseSession>
  /** Most connections at a time. */
  readonly size: number
  /** A connection that is older is not used again. Milliseconds. */
  readonly lifeMs: number
}

interface Entry {
  readonly session: DatabaseSession
  readonly openedAt: number
}

/**
 * Connections that are used again. Opened when needed, closed when they are old; at the end each is
 * closed when its work is done.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #idle: Entry[] = []
  readonly #waiting: (() => void)[] = []
  #open = 0
  #ended = false
  readonly #empty = Promise.withResolvers<void>()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Runs `work` on a connection. One on which something failed is not used again. */
  async use<T>(work: (session: DatabaseSession) => Promise<T>): Promise<T> {
    const entry = await this.#take()
    let well = false
    try {
      const result = await work(entry.session)
      well = true
      return result
    } finally {
      this.#giveBack(entry, well)
    }
  }

  /** Resolves when the last connection is closed; work that has begun is finished. */
  async end(): Promise<void> {
    this.#ended = true
    for (const entry of this.#idle.splice(0)) this.#close(entry)
    if (this.#open === 0) this.#empty.resolve()
    await this.#empty.promise
  }

  async #take(): Promise<Entry> {
    // Woken as often as a connection is given back or gone.
    while (this.#idle.length === 0 && this.#open >= this.#options.size) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      await promise
    }
    for (let entry = this.#idle.pop(); entry; entry = this.#idle.pop()) {
      if (this.#isFresh(entry)) return entry
      this.#close(entry)
    }
    this.#open += 1
    try {
      return { session: await this.#options.open(), openedAt: performance.now() }
    } catch (error) {
      this.#gone()
      throw error
    }
  }

  #isFresh({ openedAt }: Entry): boolean {
    return performance.now() - openedAt < this.#options.lifeMs
  }

  #giveBack(entry: Entry, well: boolean): void {
    if (!well || this.#ended || !this.#isFresh(entry)) return this.#close(entry)
    this.#idle.push(entry)
    this.#waiting.shift()?.()
  }

  #close({ session }: Entry): void {
    // A connection that is broken already cannot be closed; it is gone, which is what is wanted.
    void session
      .close()
      .catch(() => undefined)
      .finally(() => this.#gone())
  }

  #gone(): void {
    this.#open -= 1
    this.#waiting.shift()?.()
    if (this.#ended && this.#open === 0) this.#empty.resolve()
  }
}
