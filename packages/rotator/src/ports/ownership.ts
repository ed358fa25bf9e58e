import type { OwnershipPhase } from '../domain/adoption.ts'

/** Whose things, and which role is to own them. */
export interface OwnershipWish {
  readonly username: string
  /** Name of the owner role. Default: the role that the user acts as, else `<user>_owner`. */
  readonly owner?: string
}

/** One line of what would change. */
export interface OwnershipChange {
  readonly phase: OwnershipPhase
  /** Readable: things of one kind together, with their number and the first names. */
  readonly line: string
}

/** What stands between a user and a second one like it. */
export interface Ownership {
  /** Name of the owner role; empty where none is needed. */
  readonly owner: string
  /** In the order in which they would be made. Empty: nothing is to be moved. */
  readonly changes: readonly OwnershipChange[]
  /** Why it cannot be done as things are, one readable line each. */
  readonly problems: readonly string[]
}
