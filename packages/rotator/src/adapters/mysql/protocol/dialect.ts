import type { Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import type { Reference, UserComparison, UserPasswords } from '../../../ports/database.ts'
import type { Connection } from './connection.ts'

/** What servers that talk this protocol do each in their own way. */
export interface Dialect {
  /** The longest name that a user may have, in characters. */
  readonly longestUsername: number
  /**
   * Settings of an admin session: the SQL mode, waits that end, no end while a rollout takes its
   * time.
   * @throws ERR_DB_UNSUPPORTED when the server is another one, too old, or set up in a way that
   *   stands against what cuedot promises
   */
  prepare(connection: Connection, call: Call): Promise<void>
  /** As `AdminSession.setPassword`. */
  setPassword(connection: Connection, change: PasswordChange, call: Call): Promise<void>
  /** As `Database.changeOwnPassword`, over a connection of the user itself. */
  changeOwnPassword(connection: Connection, change: OwnPasswordChange, call: Call): Promise<void>
  /** As `AdminSession.setPasswords`. */
  setPasswords(connection: Connection, change: PasswordsChange, call: Call): Promise<void>
  /** True when this server lets the user in with either of two passwords. */
  hasSecondPassword(connection: Connection, user: string, call: Call): Promise<boolean>
  /** As `AdminSession.blocksAfterRefusals`. */
  blocksAfterRefusals(connection: Connection, user: string, call: Call): Promise<boolean>
  /** As `AdminSession.lockedLogins`. */
  lockedLogins(connections: readonly Connection[], call: Call): Promise<number | undefined>
  /** As `AdminSession.quarantine`. */
  setLocked(connection: Connection, change: LockChange, call: Call): Promise<void>
  /** As `AdminSession.compareUsers`. */
  compareUsers(connection: Connection, names: UserNames, call: Call): Promise<UserComparison>
  /** As `AdminSession.provision`. */
  provisionUser(connection: Connection, names: UserNames, call: Call): Promise<void>
}

/** A user and its new password. */
export interface PasswordChange {
  readonly user: string
  readonly password: Sensitive
}

/** The password that the connection was opened with, and the one that is to replace it. */
export interface OwnPasswordChange {
  readonly current: Sensitive
  readonly password: Sensitive
}

/** A user and the passwords that are to be accepted. */
export interface PasswordsChange {
  readonly user: string
  readonly passwords: UserPasswords
}

/** A user, and whether it may not log in. */
export interface LockChange {
  readonly user: string
  readonly locked: boolean
}

/** A user, and the one that it must be able to replace. */
export interface UserNames {
  readonly reference: Reference
  readonly user: string
}
