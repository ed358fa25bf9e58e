import { setImmediate as turn } from 'node:timers/promises'
import { SecretCache } from '../src/cache/secret-cache.ts'
import type { CacheOptions } from '../src/cache/secret-cache.ts'
import { StoreFailure } from '../src/store/store-failure.ts'
import type { Question } from '../src/store/store.ts'
import { handClock, handStore } from './hand-store.ts'
import type { AskedOfStore } from './hand-store.ts'

/** How long the caches here keep an answer. */
export const TTL_MS = 300_000
const A: Question = { secretId: 'a' }

/** A cache, its clock and its store. */
export interface World {
  readonly cache: SecretCache
  readonly clock: ReturnType<typeof handClock>
  readonly asked: readonly AskedOfStore[]
  readonly seen: string[]
  /** What somebody who asks now is given: a version's id or a failure's type. */
  ask(how?: 'get' | 'refresh' | 'revalidate', question?: Question): Promise<string>
  /** The request that was sent last, once everything has settled. */
  last(): Promise<AskedOfStore>
}

/** A cache that holds nothing, with a store that answers nothing by itself. */
export function world(options: Partial<CacheOptions> = {}): World {
  const clock = handClock()
  const { asked, store } = handStore()
  const seen: string[] = []
  const cache = new SecretCache(store, {
    ...{ ttlMs: TTL_MS, size: 10, ignoreTransientErrors: true, clock },
    seen: (_question, { versionId }) => void seen.push(versionId),
    ...options,
  })
  const ask = async (
    how: 'get' | 'refresh' | 'revalidate' = 'get',
    question = A,
  ): Promise<string> => {
    return await cache[how](question).then(
      ({ versionId }) => versionId,
      (error: unknown) => (error instanceof StoreFailure ? error.message : 'another error'),
    )
  }
  const last = async (): Promise<AskedOfStore> => {
    await turn()
    return asked.at(-1)!
  }
  return { cache, clock, asked, seen, ask, last }
}

/** A world whose cache holds v1 of `a`, which has expired. */
export async function expired(options: Partial<CacheOptions> = {}): Promise<World> {
  const made = world(options)
  const first = made.ask()
  ;(await made.last()).version('v1')
  await first
  made.clock.pass(TTL_MS)
  return made
}
