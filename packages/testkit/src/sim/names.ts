/** One of the two slots. */
export type SlotName = 'A' | 'B'

/** A login as somebody holds it: user and password, and nothing about whether it works. */
export interface Held {
  readonly username: string
  readonly password: string
  /** The version of the credential, where its holder knows it and tells the server. */
  readonly version?: string
  /** As a config target names the server, where it does. */
  readonly host?: string
}

/** The users of every world. A dual-password target has one for both of its slots. */
export const USERNAMES: Readonly<Record<SlotName | 'admin' | 'both', string>> = {
  A: 'app_a',
  B: 'app_b',
  admin: 'boss',
  both: 'app',
}

/** What makes one world differ from another. Times in virtual milliseconds. */
export interface WorldOptions {
  /** Where its clock begins. */
  readonly beginsAt?: number
  readonly staleReadMs?: number
  readonly replicaLagMs?: number
  readonly rollEveryMs?: number
  /** A new process does not see what an earlier one has rolled, unless it is told. */
  readonly forgets?: boolean
  /** The runtime refuses to come up on this slot. */
  readonly unhealthyOn?: SlotName
  readonly quarantine?: boolean
  /** The account of the slot that gives way expires after this time. */
  readonly expireAfterMs?: number
  readonly singleUser?: boolean
  /** The application runs as the admin, the slots have no users, the secret has stand-ins. */
  readonly initial?: boolean
  /** One user with two passwords. */
  readonly dualPassword?: boolean
  /** The run is told that what is in force has leaked. */
  readonly urgent?: boolean
}

/** What the parts of a world share: its options, its clock, and that something has changed. */
export interface Surroundings {
  readonly options: WorldOptions
  readonly now: number
  /** Counts what has changed, so that a check is made only when one is due. */
  changes: number
}
