import type { Credential } from '@cuedot/client/protocol'
import type { ApprovedPlan } from '../domain/approval.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { EventSink } from '../ports/events.ts'
import type { StoreReading } from '../ports/secret-store.ts'

/** What a run gets from whoever starts it. */
export interface Environment {
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
  /**
   * Aborts when the process is asked to stop (SIGTERM, SIGINT); the reason is the signal's name.
   */
  readonly stop: AbortSignal
  /** Operator or schedule: written into the rotation's record and shown by the lock. */
  readonly by: string
  /** Why: written into the rotation's record. */
  readonly reason: string
  /**
   * What is in force has leaked (`rotate --compromised`): sessions that stand in the way are ended,
   * and an open rotation that is not urgent does not do instead of this one.
   */
  readonly urgent?: boolean
  /** The standby user is granted what it lacks (`--fix`). */
  readonly mayGrant?: boolean
  /** The active user is given the password of the secret where it logs in with none of it. */
  readonly trustsSecret?: boolean
  /** The only plan that this run may carry out. Absent: whatever is due. */
  readonly approved?: ApprovedPlan
  /** A rotation may be started outside of the target's windows, as an urgent one may. */
  readonly forced?: boolean
  /** Absent: nothing. */
  readonly known?: Known
}

/** What whoever starts a run has read a moment ago, so that the run need not ask for it again. */
export interface Known {
  /**
   * Stands for the first reading of the store, and for no other. It is from before the lock: an
   * older state than the store's, which is what a store that lags shows, too. Ignored for a store
   * that never lags.
   */
  readonly store?: StoreReading
  /** Tried as the admin before the admin's secret is read, once. */
  readonly admin?: Credential
}
