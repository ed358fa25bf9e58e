import { setTimeout as pause } from 'node:timers/promises'
import type { Requests } from '../../packages/client/test/load-requests.ts'

interface Served {
  requests: number
  failed: number
}

/** Requests of three kinds without an end, each kind by a pool of its own. */
export class Load {
  readonly #counts: Record<string, Served> = {}
  readonly #why = new Map<string, number>()
  readonly #pools: Requests[] = []
  readonly #loops: Promise<void>[] = []
  #stopped = false

  constructor(open: () => Requests) {
    const add = (name: string, times: number, ask: (pool: Requests) => Promise<void>): void => {
      const pool = open()
      this.#pools.push(pool)
      this.#counts[name] = { requests: 0, failed: 0 }
      for (let n = 0; n < times; n++) this.#loops.push(this.#loop(name, () => ask(pool)))
    }
    add('connecting', 2, (pool) => pool.connecting())
    add('pooled', 4, (pool) => pool.pooled())
    add('transactions', 4, (pool) => pool.transaction(400))
  }

  async #loop(name: string, ask: () => Promise<void>): Promise<void> {
    const count = this.#counts[name] ?? { requests: 0, failed: 0 }
    while (!this.#stopped) {
      count.requests += 1
      try {
        await ask()
      } catch (error) {
        count.failed += 1
        const why = `${name}: ${error instanceof Error ? error.message : String(error)}`
        this.#why.set(why, (this.#why.get(why) ?? 0) + 1)
      }
      await pause(10)
    }
  }

  /** @returns how many requests of each kind there were, how many failed, and by what */
  async stop(): Promise<object> {
    this.#stopped = true
    await Promise.all(this.#loops)
    await Promise.all(this.#pools.map((pool) => pool.end()))
    return { ...this.#counts, ...(this.#why.size > 0 && { why: Object.fromEntries(this.#why) }) }
  }
}
