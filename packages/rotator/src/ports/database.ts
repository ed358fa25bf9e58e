import type { Credential, Sensitive } from '@cuedot/client/protocol'
import type { Call } from './call.ts'

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
  /**
   * Logs in on one endpoint, runs one query and leaves. Never takes the host from the credential:
   * the endpoint is one of `endpoints`.
   * @throws ERR_DB_UNREACHABLE (also when the call's signal has aborted before anything was sent),
   * ERR_DB_OVERLOADED, ERR_DB_TLS; ERR_DB_DENIED and ERR_DB_STATEMENT where the login is right and
   * the database is closed to this user or does not exist
   */
  login(credential: Credential, endpoint: string, call: Call): Promise<LoginAnswer>
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
  /** Compares what `username` may do with what `reference` may do. */
  compareUsers(reference: string, username: string, call: Call): Promise<UserComparison>
  /**
   * Makes `username` able to do what `reference` can. The user cannot log in until `setPassword`.
   */
  provision(reference: string, username: string, call: Call): Promise<void>
  /** The sessions of these users on every endpoint, without our own. */
  sessions(usernames: readonly string[], call: Call): Promise<readonly Session[]>
  /** `true`: no new login of this user; open sessions stay. `false`: undone, password untouched. */
  quarantine(username: string, on: boolean, call: Call): Promise<void>
}
