import { CredentialsError } from '../credentials/errors.ts'
import type { Counts } from './succession.ts'

/** What of a pool can be watched. */
export interface WatchedPool {
  readonly serving:
    | {
        readonly pool: { readonly total: number; readonly idle: number }
        readonly name: { readonly versionId: string; readonly username: string }
      }
    | undefined
  readonly waiting: number
  readonly counts: Counts
  ping(): Promise<void>
}

/** What is behind the pools that applications hold. */
const KNOWN = new WeakMap<object, WatchedPool>()

/** Lets a pool be watched, for as long as it lives. */
export function noteKnown(pool: object, watched: WatchedPool): void {
  KNOWN.set(pool, watched)
}

/** @throws CredentialsError `ERR_OPTIONS` for a pool that is none of this package's */
export function watchedPool(pool: object): WatchedPool {
  const watched = KNOWN.get(pool)
  if (watched !== undefined) return watched
  throw new CredentialsError('ERR_OPTIONS', 'the pool was not made by this package')
}
