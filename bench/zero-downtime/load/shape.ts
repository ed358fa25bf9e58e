/** The load: what consumers do, how often, and how long they live. Times in milliseconds. */

/** How a request uses the database. */
export type LoadKind = 'connect' | 'pooled' | 'long'

/** Every kind, in the order in which tables and charts show them. */
export const LOAD_KINDS: readonly LoadKind[] = ['connect', 'pooled', 'long']

/**
 * What each kind is: `connect` opens a connection, writes a row and closes it; `pooled` writes a
 * row through its worker's pool; `long` is a transaction of three writes with two pauses between.
 */
export const LOAD_TITLES: Readonly<Record<LoadKind, string>> = {
  connect: 'connect per request',
  pooled: 'pooled connections',
  long: 'long transactions',
}

/** How the load looks. The arrivals do not wait for answers, so that a slow server gets no rest. */
export const SHAPE = {
  /** Arrivals a second; of `long`, transactions or jobs. Two cores bear it beside everything. */
  perSecond: { connect: 25, pooled: 60, long: 6 },
  /**
   * Seconds of arrivals that may be under way. More are not sent while the machine stands still:
   * they would only pile up, and what is measured then is the pile. They are counted.
   */
  mostSecondsUnderWay: 2,
  /** Workers of the application; a rolling restart replaces one after the other. */
  workers: 3,
  /** What a worker needs to start before it serves. */
  bootMs: 150,
  /** Connections in the pool of a worker. */
  poolSize: 5,
  /** A pooled connection is replaced after this time; pools have such a limit for good reasons. */
  pooledLifeMs: 3000,
  /** Between two statements of a long transaction, twice. */
  stepMs: 120,
  /** Every so manyth arrival of `long` is a job: transactions in a row, a connection for each. */
  jobEvery: 12,
  /** Transactions of a job. A restart lets the job of a worker finish. */
  jobTransactions: 6,
  /** Rows that one request of each kind writes. */
  rows: { connect: 1, pooled: 1, long: 3 },
} as const

/** How many milliseconds a job takes at least: the life of the slowest consumer. */
export const JOB_MS: number = SHAPE.jobTransactions * 2 * SHAPE.stepMs
