import type { Call } from './call.ts'

/**
 * How far the roll with a given token has come.
 * - `due`: not begun, as far as can be seen.
 * - `rolling`: begun and not judged.
 * - `done`: everything runs on what was published before it began.
 * - `failed`: it will not finish; `why` says what the runtime says.
 */
export interface RollState {
  readonly state: 'due' | 'rolling' | 'done' | 'failed'
  readonly why?: string
}

/** Whether consumers are well now, and what they answered. */
export interface Health {
  readonly well: boolean
  readonly why: string
}

/**
 * What makes consumers pick up a published credential: a service, a Deployment, a command; or what
 * judges them afterwards, like a health check.
 *
 * Contract (checked by `conformance/runtime.ts`): `roll` with a token that was rolled already
 * starts
 * nothing. A runtime that cannot see earlier rolls (a command) answers `due` in a new process and
 * must bear being rolled again.
 */
export interface Runtime {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  /** How long a roll may take before it counts as failed. */
  readonly limitMs: number
  /** How long to wait between two looks at a roll. */
  readonly pollMs: number
  /** @param token - names one roll: 1 to 64 characters of `[A-Za-z0-9:-]`. */
  observe(token: string, call: Call): Promise<RollState>
  /**
   * Asks once whether consumers are well; absent where the runtime cannot tell. Watches a
   * quarantine.
   */
  health?(call: Call): Promise<Health>
  /** Starts the roll and returns; it need not have finished. */
  roll(token: string, call: Call): Promise<void>
}
