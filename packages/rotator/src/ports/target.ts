import type { PasswordPolicy } from '../domain/password.ts'
import type { Window } from '../domain/windows.ts'
import type { ConfigTarget } from './config-target.ts'
import type { CredentialOwner } from './credential-owner.ts'
import type { Database, UserTemplate } from './database.ts'
import type { Runtime } from './runtime.ts'
import type { SecretStore } from './secret-store.ts'

/** How patient and how careful a run is. All times in milliseconds. */
export interface RunPolicy {
  /**
   * For how long no session of the old slot may be seen before its password is retired. 0 to
   * 3,600,000. Default 5,000.
   */
  readonly drainQuietMs: number
  /**
   * Longest wait for the old slot's sessions to end. 0 to 86,400,000. Default 900,000 (15 minutes).
   */
  readonly drainLimitMs: number
  /** Time between two counts of sessions. 50 to 60,000. Default 1,000. */
  readonly drainPollMs: number
  /** Longest wait for a new password to be accepted on every endpoint. Default 60,000. */
  readonly proveLimitMs: number
  /** Longest time for one call of a port. Default 30,000. */
  readonly callLimitMs: number
  /**
   * For how long the old account is locked and watched before its password is retired. 0 to
   * 86,400,000; undefined: it is not locked. Default undefined.
   */
  readonly quarantineMs: number | undefined
  /**
   * After how long the account of the slot that gives way expires by itself, counted from the first
   * drain; for servers that can. 60,000 to 2,592,000,000; undefined: never. Default undefined.
   */
  readonly expireAfterMs: number | undefined
  /**
   * How long an urgent run lets sessions that began with a leaked password end by themselves. 0 to
   * 3,600,000. Default 30,000.
   */
  readonly evictAfterMs: number
  readonly password: PasswordPolicy
  /** When rotations may be started. Empty or absent: at any time. */
  readonly windows?: readonly Window[]
}

/** One credential under management: where it is kept, who accepts it, who uses it. */
export interface Target {
  /** Unique in the configuration; names the lock. 1 to 200 characters. */
  readonly name: string
  readonly strategy: 'alternating' | 'dual-password' | 'single-user' | 'managed'
  readonly store: SecretStore
  readonly database: Database
  /** The admin's secret. For a single-user target it is `store` itself. */
  readonly admin: SecretStore
  /** Who alone may change the credential; a managed target has one. */
  readonly owner?: CredentialOwner
  /**
   * What a slot may do, where consumers may run as the admin user before their first rotation.
   * Absent: no consumer may. Only for `alternating`.
   */
  readonly initial?: UserTemplate
  /** In the order in which they are published. Empty for a single-user target. */
  readonly configs: readonly ConfigTarget[]
  /** In the order in which they are rolled. Empty for a single-user target. */
  readonly runtimes: readonly Runtime[]
  readonly policy: RunPolicy
  /** Hash of what the configuration says about this target; absent without a configuration. */
  readonly configuration?: string
}
