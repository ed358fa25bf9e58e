import type { ManagedFacts } from './managed-facts.ts'
import type { Slot } from './slot.ts'

/**
 * Everything that `decide` may look at: facts, no passwords, no clients, no clocks.
 *
 * "Current" and "pending" are the versions of the secret with the labels AWSCURRENT and AWSPENDING.
 */
export type Observed = TwoSlotFacts | SingleUserFacts | ManagedFacts

/**
 * What the pending version would make of the current one.
 * - `none`: nothing is pending.
 * - `open`: a rotation begins; it becomes the active slot.
 * - `turn`: an open rotation is turned back; the slot it came from becomes active again.
 * - `undo`: the record of a backed-out rotation is closed.
 * - `retire`: the old slot gets a fresh password and the rotation is closed.
 * - `heal`: the document learns a password that the database already accepts.
 * - `foreign`: not written by us.
 */
export type PendingKind = 'none' | 'open' | 'turn' | 'undo' | 'retire' | 'heal' | 'foreign'

/** The open rotation, as the document records it. */
export interface RotationFacts {
  readonly id: string
  readonly from: Slot
  readonly to: Slot
  /** True when it only brings consumers together on one slot and makes no fresh password for it. */
  readonly heals: boolean
  /** True when it ends before the flip, whatever happens. */
  readonly rehearses: boolean
  /** True when it replaces what is in the wrong hands. */
  readonly urgent: boolean
  /** Present when it is being turned back; says why. */
  readonly backOut?: string
  /**
   * Ids of the config targets that held the initial user when it was opened; not empty. Present:
   * turning back leads there, not to `from`.
   */
  readonly initial?: readonly string[]
}

/** What the versions of the secret say. */
export interface StoreFacts {
  /** The slot that the current version names. */
  readonly active: Slot
  readonly rotation?: RotationFacts
  readonly pending: PendingKind
  /** True when the current version was changed after the pending one was made from it. */
  readonly stale: boolean
}

/** Which password of a user the database accepts, on every endpoint. */
export interface LoginFacts {
  readonly current: boolean
  /** Without a pending version: false. Equal to `current` where both versions hold one password. */
  readonly pending: boolean
  /** The account may not log in at all: it is in quarantine. */
  readonly locked: boolean
}

/**
 * What consumers find at a config target.
 * - a slot: that slot's user with the current version's password.
 * - `lost-A`, `lost-B`: that slot's user with a password that works and is not in the current
 *   version.
 * - `initial`: the initial user of the target, with the password that it has.
 * - `foreign`: a user that is no slot's, and it logs in.
 * - `dead`: nothing that logs in.
 */
export type Holding = Slot | 'lost-A' | 'lost-B' | 'initial' | 'foreign' | 'dead'

/** One config target and what consumers find there. */
export interface ConfigFacts {
  readonly id: string
  readonly holds: Holding
}

/** One runtime and how far it has come. */
export interface RuntimeFacts {
  readonly id: string
  /** The roll towards the slot where consumers belong now. */
  readonly roll: 'due' | 'rolling' | 'done' | 'failed'
  readonly why?: string
}

/**
 * How the standby user compares with the active one; where the target has an initial user and the
 * active slot does not log in, with what the configuration says a slot may do. See `UserComparison`
 * in the database port.
 */
export type UserState = 'absent' | 'partial' | 'equal' | 'differs'

/** What is known of the user as which consumers run before their first rotation. */
export interface InitialFacts {
  /** The database accepts its password. */
  readonly logsIn: boolean
  /**
   * There is no user of the active slot. Asked only while the active slot does not log in, else
   * false.
   */
  readonly activeAbsent: boolean
  /** This run has seen a rotation that leads consumers back there: it starts nothing more. */
  readonly returned: boolean
}

/** A step of this run that failed for good, so that the rotation has to turn back. */
export interface Trouble {
  readonly step: string
  readonly code: string
}

/**
 * The facts about a target with two slots: two users of which one is active (`alternating`), or two
 * passwords of one user of which one is to be used (`dual-password`).
 */
export interface TwoSlotFacts {
  readonly strategy: 'alternating' | 'dual-password'
  readonly store: StoreFacts
  readonly login: Readonly<Record<Slot, LoginFacts>>
  /** True where the document still has a deployment script's stand-in instead of a password. */
  readonly placeholder: Readonly<Record<Slot, boolean>>
  readonly standbyUser: UserState
  readonly configs: readonly ConfigFacts[]
  readonly runtimes: readonly RuntimeFacts[]
  /**
   * True when the one user of a dual-password target accepts a second password that the document
   * does not have. Somebody may be using it.
   */
  readonly stray: boolean
  /**
   * Sessions of each slot on all endpoints, as last counted. Where both slots are one user, a
   * session that does not say which password it has used counts for the slot that gives way.
   */
  readonly sessions: Readonly<Record<Slot, number>>
  /** True when this run has watched the slot for the whole quiet window and saw no session. */
  readonly quiet: Readonly<Record<Slot, boolean>>
  /** The slot's account expires by a date at the server, and before the other slot's does. */
  readonly expires: Readonly<Record<Slot, boolean>>
  /** The target asks for such a date on the slot that gives way. */
  readonly expiry: boolean
  /** The operator lets the run grant the standby user what it lacks (`--fix`). */
  readonly mayGrant: boolean
  /** The operator says that the secret is right where the database is not (`--trust-secret`). */
  readonly trustsSecret: boolean
  /** The target asks for a quarantine before a password is retired. */
  readonly quarantine: boolean
  /** True when this run has watched the quarantine of the slot that gives way to its end. */
  readonly quarantined: boolean
  /** What is in force has leaked: sessions that stand in the way are ended, not waited for. */
  readonly urgent: boolean
  /** Absent where the configuration names no initial user. */
  readonly initial?: InitialFacts
  readonly trouble?: Trouble
}

/** The facts about a target with one user. */
export interface SingleUserFacts {
  readonly strategy: 'single-user'
  readonly pending: 'none' | 'open' | 'undo' | 'foreign'
  readonly stale: boolean
  /** The pending version was staged by an urgent run. */
  readonly pendingUrgent: boolean
  readonly login: {
    readonly current: boolean
    readonly pending: boolean
    readonly previous: boolean
  }
  readonly placeholder: boolean
  /** Sessions of this user that are not ours. */
  readonly sessions: number
  /** The service that owns the secret and alone may change it; absent for a secret of our own. */
  readonly owner?: string
  /** As in {@link TwoSlotFacts}. */
  readonly urgent: boolean
  readonly trouble?: Trouble
}
