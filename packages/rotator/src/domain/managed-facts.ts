import type { Trouble } from './observed.ts'

/** The facts about a credential that its owner (RDS) alone may change. */
export interface ManagedFacts {
  readonly strategy: 'managed'
  /** What the owner says; see `OwnerState` in the credential owner port. */
  readonly owner: 'ready' | 'busy' | 'impaired' | 'stranger'
  /** The owner's own words. */
  readonly says: string
  /**
   * Whether this run has asked for a rotation. `maybe`: a request was sent, no answer came, and
   * nothing has shown yet whether it arrived.
   */
  readonly asked: 'no' | 'maybe' | 'yes'
  /** This run has seen a rotation under way, or what came of one, whoever asked for it. */
  readonly seen: boolean
  /** The current version is another one than when this run began to look. */
  readonly changed: boolean
  readonly login: {
    /** The password of the current version is accepted on every endpoint. */
    readonly current: boolean
  }
  /** Sessions of this user that are not ours. */
  readonly sessions: number
  readonly trouble?: Trouble
}
