/** Time, so that the simulator can own it. */
export interface Clock {
  now(): Date
  /**
   * Resolves after `ms` milliseconds (0 ≤ ms ≤ 2^31-1), or as soon as `wake` aborts. Never rejects.
   */
  sleep(ms: number, wake?: AbortSignal): Promise<void>
  /** A signal that aborts after `ms` milliseconds. */
  deadline(ms: number): AbortSignal
}

/** Randomness, so that the simulator can repeat a run. */
export interface Random {
  /** Cryptographically strong in production. */
  bytes(count: number): Uint8Array
  uuid(): string
}
