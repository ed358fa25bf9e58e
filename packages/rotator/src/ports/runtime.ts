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
  /**
   * Of a roll that goes on: by this a new process knows it again (`recall`). 1 to 128 printable
   * characters of ASCII, nothing secret. Absent where a new process cannot or need not be told.
   */
  readonly receipt?: string
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
 * starts nothing, and no roll that began before it was asked for is ever called done. A runtime
 * that cannot see earlier rolls (a command) answers `due` in a new process and must bear being
 * rolled again.
 */
export interface Runtime {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  /** How long a roll may take before it counts as failed. */
  readonly limitMs: number
  /** How long to wait between two looks at a roll. */
  readonly pollMs: number
  /**
   * Looks whether a roll could be begun, without beginning one; rejects where it could not be.
   * @returns what there is to say of it, for `cuedot verify`. Absent where nothing can be asked.
   */
  inspect?(call: Call): Promise<string>
  /**
   * Tells of a roll that an earlier process began, by the receipt it had. Starts and asks nothing;
   * a receipt that is none is ignored, and so is one of a roll that is known. Absent where the
   * runtime gives no receipts.
   */
  recall?(token: string, receipt: string): void
  /** @param token - names one roll: 1 to 64 characters of `[A-Za-z0-9:-]`. */
  observe(token: string, call: Call): Promise<RollState>
  /**
   * Asks once whether consumers are well; absent where the runtime cannot tell. Watches a
   * quarantine.
   */
  health?(call: Call): Promise<Health>
  /**
   * Starts the roll and returns; it need not have finished.
   * @returns what the answer has told of a roll that goes on, so that nobody need ask at once
   */
  roll(token: string, call: Call): Promise<RollState | void>
}
