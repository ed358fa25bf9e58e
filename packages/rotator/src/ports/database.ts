import type { Credential, Sensitive } from '@cuedot/client/protocol'
import type { Call } from './call.ts'
import type { OwnershipPhase } from '../domain/adoption.ts'
import type { Ownership, OwnershipWish } from './ownership.ts'

/**
 * What a server says to a login. `locked`: the account may not log in (quarantine), whatever the
 * password.
 */
export type LoginAnswer = 'accepted' | 'denied' | 'locked'

/** One client of the database, as the server names it. */
export interface Session {
  readonly username: string
  /** Address, or an empty string for a local socket or where the admin may not see it. */
  readonly client: string
  /** `application_name`, `program_name`, or an empty string. */
  readonly application: string
  /** The endpoint that reported it, as `host:port`. */
  readonly endpoint: string
  /** Names the session at its endpoint, and no later session; for `endSessions`. */
  readonly id: string
  /**
   * The version of the credential that the client says it logged in with (connection attribute
   * `cred_version`, or `cred=…` in its name); an empty string where it says none.
   */
  readonly credentialVersion: string
}

/** The passwords of a user that may have two of them. */
export interface UserPasswords {
  /** Must be accepted already, and is at every moment. */
  readonly kept: Sensitive
  /** Accepted besides afterwards; without it `kept` is the only one. */
  readonly added?: Sensitive
}

/** Who holds the target's lock. */
export type LockState =
  | { readonly kind: 'own' }
  | { readonly kind: 'free' }
  /** `by` names the holder as far as the server tells: application, address, since when. */
  | { readonly kind: 'held'; readonly by: string }

/**
 * How one user compares with another that it must be able to replace.
 * - `absent`: there is no such user.
 * - `partial`: our own half-made user, locked and never used: making it may go on.
 * - `equal`: it can do all that the reference can.
 * - `differs`: it lacks something.
 */
export interface UserComparison {
  readonly state: 'absent' | 'partial' | 'equal' | 'differs'
  /** What it lacks, one readable line each; empty unless `partial` or `differs`. */
  readonly lacks: readonly string[]
}

/** What a user may do where there is no user yet to go by, as a configuration says it. */
export interface UserTemplate {
  /** `all`: everything in the database `dbname`, and nothing elsewhere. */
  readonly privileges: 'all'
  readonly dbname: string
  /** True when the user may log in over TLS only. */
  readonly tls: boolean
}

/** Whom a user must be able to replace: another user, or one that a configuration describes. */
export type Reference = string | UserTemplate

/** On which endpoints a user accepts two passwords; replicas may be behind. */
export type SecondPassword = 'nowhere' | 'somewhere' | 'everywhere'

/** How to open an admin session. */
export interface AdminOptions {
  /** The target whose lock is meant: 1 to 200 characters. */
  readonly target: string
  /** `take`: try once to take the lock. `look`: only say who holds it. */
  readonly lock: 'take' | 'look'
  /** Shown to whoever is refused: operator, host, process. */
  readonly holder: string
}

/**
 * A database with one or more endpoints: the writer, and replicas or readers.
 *
 * Contract (checked by `conformance/database.ts`): a server that cannot be reached is
 * `ERR_DB_UNREACHABLE`, one without room `ERR_DB_OVERLOADED`; neither is ever `denied`.
 */
export interface Database {
  /** All endpoints, as `host:port`; the writer first. */
  readonly endpoints: readonly string[]
  /** The longest name that a user may have, in bytes of UTF-8. */
  readonly longestUsername: number
  /**
   * What consumers log in through besides, as `host:port`. A pooler may keep a session open on the
   * server after a login, so only a password that is about to be used is proven there, and an admin
   * session never asks one. Default: none.
   */
  readonly poolers?: readonly string[]
  /**
   * Logs in on one endpoint, runs one query and leaves. Never takes the host from the credential:
   * the endpoint is one of `endpoints` or `poolers`.
   * @throws ERR_DB_UNREACHABLE (also when the call's signal has aborted before anything was sent),
   * ERR_DB_OVERLOADED, ERR_DB_TLS; ERR_DB_DENIED and ERR_DB_STATEMENT where the login is right and
   * the database is closed to this user or does not exist
   */
  login(credential: Credential, endpoint: string, call: Call): Promise<LoginAnswer>
  /**
   * Logs in as this user on the writer and gives it another password: what a user may do to itself
   * without any privilege. One statement, absolute, so that repeating it is harmless; the password
   * never reaches the server's log in clear. On MySQL and MariaDB it concerns the one host entry
   * that the login matched.
   * @throws as `login`, ERR_DB_AUTH when the login is refused, ERR_OUTCOME_UNKNOWN when no answer
   *   came after the statement was sent, ERR_DB_READ_ONLY, ERR_DB_DENIED; ERR_DB_UNSUPPORTED where
   *   the password is not all that the user logs in by, or not the first of its two (MySQL)
   */
  changeOwnPassword(credential: Credential, password: Sensitive, call: Call): Promise<void>
  /** @throws as `login`, and ERR_DB_AUTH when the admin's login is refused */
  admin(credential: Credential, options: AdminOptions, call: Call): Promise<AdminSession>
}

/**
 * One admin connection to the writer, holding the target's lock for as long as it lives: the
 * server gives the lock up the moment the connection is gone.
 *
 * Every method: no answer after the request was sent is ERR_OUTCOME_UNKNOWN; a dead connection
 * found before sending is ERR_DB_UNREACHABLE. After either the session must be thrown away.
 */
export interface AdminSession extends AsyncDisposable {
  readonly lock: LockState
  /**
   * Gives the user this password and lets it log in (ends a quarantine): one statement, absolute,
   * so that repeating it is harmless. The password never reaches the server's log in clear.
   * @throws ERR_DB_STATEMENT when there is no such user
   */
  setPassword(username: string, password: Sensitive, call: Call): Promise<void>
  /**
   * Makes the user accept these passwords and no others. Absolute: whatever the user accepts
   * besides `kept` before, and however often it is called, `kept` is never refused meanwhile.
   * @throws ERR_DB_UNSUPPORTED where a user has one password only (PostgreSQL)
   */
  setPasswords(username: string, passwords: UserPasswords, call: Call): Promise<void>
  /** Where the user accepts two passwords. Never logs in to find out. */
  hasSecondPassword(username: string, call: Call): Promise<SecondPassword>
  /**
   * Compares what `username` may do with what `reference` may do. A template names no host:
   * whatever host patterns the user has are right.
   * @throws ERR_DB_UNSUPPORTED where users cannot be made from a template (PostgreSQL)
   */
  compareUsers(reference: Reference, username: string, call: Call): Promise<UserComparison>
  /**
   * Makes `username` able to do what `reference` can. The user cannot log in until `setPassword`.
   * Made from a template it may come from any host.
   */
  provision(reference: Reference, username: string, call: Call): Promise<void>
  /**
   * Grants `username` what `compareUsers` says it lacks and takes nothing away.
   * @throws ERR_DB_DENIED when the admin may not grant it, ERR_DB_BUSY when somebody holds what it
   *   concerns
   */
  grantMissing(reference: Reference, username: string, call: Call): Promise<void>
  /** The sessions of these users on every endpoint, without our own. */
  sessions(usernames: readonly string[], call: Call): Promise<readonly Session[]>
  /**
   * Connections whose login is not finished, over all endpoints, by a name that no later one has:
   * nobody knows yet as whom they log in. PostgreSQL shows them from version 18 on.
   */
  openLogins(call: Call): Promise<readonly string[]>
  /** Ends exactly these sessions; one that is gone already is no error. */
  endSessions(sessions: readonly Session[], call: Call): Promise<void>
  /**
   * How often this user has logged in, or tried to, since the servers began to count, over all
   * endpoints: it changes when somebody comes and goes between two looks. Undefined where an
   * endpoint does not count.
   */
  loginCount(username: string, call: Call): Promise<number | undefined>
  /**
   * How often a login to any locked account was refused since the servers began to count, over all
   * endpoints. Undefined where an endpoint does not count.
   */
  lockedLogins(call: Call): Promise<number | undefined>
  /** True when a refused login brings this user nearer to being blocked, consumers and all. */
  blocksAfterRefusals(username: string, call: Call): Promise<boolean>
  /**
   * From this moment on the server lets nobody log in as this user, whoever is there to see to it;
   * open sessions stay. Undefined: never.
   * @throws ERR_DB_UNSUPPORTED where a server has no such date (MySQL, MariaDB)
   */
  expire(username: string, at: Date | undefined, call: Call): Promise<void>
  /** When the account expires; undefined: never. */
  expiry(username: string, call: Call): Promise<Date | undefined>
  /** `true`: no new login of this user; open sessions stay. `false`: undone, password untouched. */
  quarantine(username: string, on: boolean, call: Call): Promise<void>
  /**
   * Says what must change so that the user owns nothing by itself; changes nothing. Engines without
   * owners of objects have nothing to change.
   * @throws ERR_DB_UNSUPPORTED when there is no such user
   */
  describeOwnership(wish: OwnershipWish, call: Call): Promise<Ownership>
  /**
   * Makes the changes of one phase that `describeOwnership` lists, or the first hundreds of them.
   * Every one is harmless when repeated, and whoever works as the user goes on working meanwhile.
   * @throws ERR_DB_BUSY when somebody's open transaction holds what must be locked for a moment,
   *   ERR_DB_DENIED
   */
  moveOwnership(wish: OwnershipWish, phase: OwnershipPhase, call: Call): Promise<void>
}
