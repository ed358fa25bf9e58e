/** How a request uses the database: through a pool, a new connection, in a long transaction. */
export type RequestKind = 'pooled' | 'fresh' | 'long'

export const REQUEST_KINDS: readonly RequestKind[] = ['pooled', 'fresh', 'long']

/** One request that a client made, as the client saw it. */
export interface Sample {
  /** When it ended: milliseconds since 1970. */
  readonly at: number
  readonly kind: RequestKind
  /** Milliseconds from sending to the last byte. */
  readonly ms: number
  /** The database user that served it; absent when it failed. */
  readonly user?: string
  /** Why it counts as failed: a status, an errno, or what was wrong with the answer. */
  readonly error?: string
}

/** What the process that makes the load tells the demo. */
export interface LoadReport {
  readonly samples: readonly Sample[]
}

/** What a worker tells the demo once it listens. */
export interface WorkerReady {
  readonly port: number
}

/** Names in a worker's environment. Nothing secret is among the values. */
export const WORKER_ENV = {
  file: 'CUEDOT_TRY_APP_ENV',
  name: 'CUEDOT_TRY_WORKER',
  unhealthyAs: 'CUEDOT_TRY_UNHEALTHY_AS',
} as const
