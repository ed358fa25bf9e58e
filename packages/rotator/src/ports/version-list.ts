import type { Call } from './call.ts'

/** What a store tells of a version without its value. */
export interface ListedVersion {
  readonly id: string
  /** Empty for a version that has lost its last one: the store may drop it. */
  readonly labels: readonly string[]
  /** When it was written; absent where the store does not say. */
  readonly createdAt?: Date
}

/** The versions of one secret. Nothing that can be done with it shows a value. */
export interface VersionList {
  /** The secret's name or ARN, for messages. */
  readonly secret: string
  /**
   * Every version that the store still has, in no order.
   * @throws ERR_STORE_NOT_FOUND, ERR_STORE_DENIED, ERR_STORE_UNREACHABLE, ERR_STORE_THROTTLED,
   *   ERR_STORE_UNREADABLE, ERR_STORE_KEY
   */
  list(call: Call): Promise<readonly ListedVersion[]>
}
