/** One of the two slots. */
export type SlotName = 'A' | 'B'

/** A login as somebody holds it: user and password, and nothing about whether it works. */
export interface Held {
  readonly username: string
  readonly password: string
}

/** The users of every world. */
export const USERNAMES: Readonly<Record<SlotName | 'admin', string>> = {
  A: 'app_a',
  B: 'app_b',
  admin: 'boss',
}

/** What makes one world differ from another. Times in virtual milliseconds. */
export interface WorldOptions {
  /** Where its clock begins. */
  readonly beginsAt?: number
  readonly staleReadMs?: number
  readonly replicaLagMs?: number
  readonly rollEveryMs?: number
  /** The runtime refuses to come up on this slot. */
  readonly unhealthyOn?: SlotName
  readonly quarantine?: boolean
  readonly singleUser?: boolean
}

/** What the parts of a world share: its options, its clock, and that something has changed. */
export interface Surroundings {
  readonly options: WorldOptions
  readonly now: number
  /** Counts what has changed, so that a check is made only when one is due. */
  changes: number
}
