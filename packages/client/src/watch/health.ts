import { surroundings } from '../credentials/surroundings.ts'
import { watchedPool } from '../pool/known-pools.ts'

/** What a health endpoint answers. */
export type Health =
  | { readonly status: 'healthy' }
  | { readonly status: 'unhealthy'; readonly reason: 'Database connection failed' }

/**
 * Whether a query runs: with a connection of the pool, by the way that any other request goes.
 *
 * @param limitMs - longest wait in milliseconds, after which the pool is unhealthy. Default 5,000
 * @throws CredentialsError `ERR_OPTIONS` for a pool that is none of this package's
 */
export async function poolHealth(pool: object, limitMs = 5_000): Promise<Health> {
  const rotating = watchedPool(pool)
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = surroundings.startTimer(limitMs, () => resolve(false))
  const works = rotating.ping().then(
    () => true,
    () => false,
  )
  const isHealthy = await Promise.race([works, late])
  clearTimeout(timer)
  return isHealthy
    ? { status: 'healthy' }
    : { status: 'unhealthy', reason: 'Database connection failed' }
}
