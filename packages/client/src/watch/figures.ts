import { watchedPool } from '../pool/known-pools.ts'

/** How a pool does, in numbers. */
export interface PoolFigures {
  /** Connections that are open or being opened, of the pool that serves. */
  readonly size: number
  readonly idle: number
  readonly inUse: number
  /** Requests that wait for a connection. */
  readonly waiting: number
  /** Pools that a swap has replaced, and that still end. */
  readonly draining: number
  /** Since the pool was made; the first credential is none. */
  readonly swaps: number
  /** Credentials that the server has refused, each time that one was. */
  readonly refusedLogins: number
  /** Since the first credential, or the last swap; absent before. */
  readonly secondsSinceSwap?: number
  /**
   * Of the last swap: since the version that serves was made, else its password, as far as source
   * or document say; else since the first refusal of the one before. Absent where neither is known.
   */
  readonly secondsToDetect?: number
  /** What serves; absent before the first credential. */
  readonly versionId?: string
  readonly username?: string
}

/**
 * The figures of a pool of `createPgPool` or `createMysqlPool`, as they are now.
 *
 * @throws CredentialsError `ERR_OPTIONS` for any other pool
 */
export function poolFigures(pool: object): PoolFigures {
  const { serving, waiting, counts } = watchedPool(pool)
  const { total: size = 0, idle = 0 } = serving?.pool ?? {}
  return { size, idle, inUse: size - idle, waiting, ...counts, ...serving?.name }
}

/** The figures that are numbers, each with its name for meters and what it says. */
export const GAUGES: readonly {
  readonly key: keyof PoolFigures
  readonly name: string
  readonly unit: string
  readonly help: string
}[] = [
  { key: 'size', name: 'size', unit: '{connection}', help: 'Connections that are open' },
  { key: 'idle', name: 'idle', unit: '{connection}', help: 'Connections that nobody uses' },
  { key: 'inUse', name: 'in_use', unit: '{connection}', help: 'Connections that are in use' },
  { key: 'waiting', name: 'waiting', unit: '{request}', help: 'Requests without a connection' },
  { key: 'draining', name: 'draining', unit: '{pool}', help: 'Replaced pools that still end' },
  { key: 'swaps', name: 'swaps', unit: '{swap}', help: 'Credentials that have replaced another' },
  {
    ...{ key: 'refusedLogins', name: 'refused_logins', unit: '{login}' },
    help: 'Logins that the server has refused',
  },
  {
    ...{ key: 'secondsSinceSwap', name: 'since_swap', unit: 's' },
    help: 'Time since another credential serves',
  },
  {
    ...{ key: 'secondsToDetect', name: 'to_detect', unit: 's' },
    help: 'Time from the last change of the credential until it served',
  },
]
