import { setTimeout as pause } from 'node:timers/promises'

/** What a test uses of a pool of `pg`. */
interface LoadedPool {
  query(sql: string): Promise<unknown>
  connect(): Promise<{ query(sql: string): Promise<unknown>; release(destroy: boolean): void }>
}

/** Requests without an end, and what has become of them. */
export interface Load {
  readonly served: number
  readonly failures: readonly string[]
  stop(): Promise<void>
}

/** Queries, and connections that each log in anew, until it is stopped. */
export function loadOn(pool: LoadedPool): Load {
  const failures: string[] = []
  const state = { served: 0, stopped: false }
  const loop = async (request: () => Promise<unknown>): Promise<void> => {
    while (!state.stopped) {
      await request().then(
        () => void state.served++,
        (error: unknown) => failures.push(String(error)),
      )
      await pause(10)
    }
  }
  const fresh = async (): Promise<void> => {
    const client = await pool.connect()
    await client.query('SELECT 1')
    client.release(true)
  }
  const loops = [
    loop(() => pool.query('SELECT 1')),
    loop(() => pool.query('SELECT 1')),
    loop(fresh),
  ]
  return {
    failures,
    get served() {
      return state.served
    },
    async stop() {
      state.stopped = true
      await Promise.all(loops)
    },
  }
}
