import type { Credential, Sensitive } from '@cuedot/client/protocol'
import { isRotatorError, RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type {
  AdminOptions,
  AdminSession,
  LockState,
  Reference,
  SecondPassword,
  Session,
  UserComparison,
  UserPasswords,
} from '../../ports/database.ts'
import type { OwnershipPhase } from '../../domain/adoption.ts'
import type { Ownership, OwnershipWish } from '../../ports/ownership.ts'
import type { Endpoint } from '../common/tls.ts'
import { alterRole } from './alter-role.ts'
import { Link, nameOf } from './link.ts'
import type { LinkOptions } from './link.ts'
import { lookAtLock, takeLock } from './lock.ts'
import { compare } from './compare.ts'
import { describeOwnership, moveOwnership } from './ownership/ownership.ts'
import type { Server } from './ownership/scene.ts'
import { grantMissing, provision } from './provision.ts'
import { assertServer } from './server.ts'
import { SessionsView } from './sessions.ts'
import { changePassword } from './password.ts'
import { cutBytes, identifier, literal } from './sql.ts'

/** How to open an admin session: one connection to the writer, and later one to each reader. */
export interface AdminSessionOptions extends Omit<LinkOptions, 'endpoint' | 'application'> {
  readonly writer: Endpoint
  readonly readers: readonly Endpoint[]
  readonly target: AdminOptions['target']
  readonly lock: AdminOptions['lock']
  readonly holder: AdminOptions['holder']
}

/** `application_name` is cut by the server to 63 bytes (NAMEDATALEN - 1). */
const NAME_BYTES = 63

/**
 * Opens the admin session of a target.
 * @throws ERR_DB_AUTH when the login is refused, what `assertServer` and what `Link.open` throw
 */
export async function openAdminSession(
  options: AdminSessionOptions,
  call: Call,
): Promise<AdminSession> {
  const link = await connect(options, options.writer, call)
  try {
    await assertServer(link, options.lock, call)
    const lock = await (options.lock === 'take' ? takeLock : lookAtLock)(link, options.target, call)
    return new PostgresAdminSession(link, lock, options)
  } catch (error) {
    link.destroy()
    throw openingFailed(error, link)
  }
}

async function connect(
  options: AdminSessionOptions,
  endpoint: Endpoint,
  call: Call,
): Promise<Link> {
  const application = cutBytes(options.holder === '' ? 'cuedot' : options.holder, NAME_BYTES)
  const link = await Link.open({ ...options, endpoint, application }, call)
  if (link instanceof Link) return await prepare(link, call)
  const { username } = options.credential
  throw new RotatorError('ERR_DB_AUTH', { endpoint: nameOf(endpoint), username })
}

/** Until the session is handed out it has changed nothing that outlives it. */
function openingFailed(error: unknown, { endpoint }: Link): unknown {
  if (!isRotatorError(error) || error.code !== 'ERR_OUTCOME_UNKNOWN') return error
  const reason = 'the connection ended while the admin session was being opened'
  return new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason })
}

/**
 * Makes names in answers unambiguous, acts as the user who logged in whatever `role` its settings
 * say, and keeps the server from ending a session that waits for a rollout.
 */
const PREPARE: readonly string[] = [
  'SET SESSION ROLE NONE',
  `SELECT set_config('search_path', 'pg_catalog', false),
          set_config('statement_timeout', '0', false), set_config('DateStyle', 'ISO', false)`,
  `SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings
   WHERE name IN ('idle_session_timeout', 'transaction_timeout')`,
]

/** Verifiers need not be logged either. Superusers may turn that off; others are refused. */
const QUIET = `
  SELECT set_config('log_statement', 'none', false),
         set_config('log_min_error_statement', 'panic', false),
         set_config('log_min_duration_statement', '-1', false)`

async function prepare(link: Link, call: Call): Promise<Link> {
  const operation = 'prepare the session'
  try {
    for (const sql of PREPARE) await link.query({ sql, operation }, call)
    await link.query({ sql: QUIET, operation }, call)
  } catch (error) {
    if (isRotatorError(error) && error.code === 'ERR_DB_DENIED') return link
    link.destroy()
    throw openingFailed(error, link)
  }
  return link
}

class PostgresAdminSession implements AdminSession {
  readonly lock: LockState
  readonly #link: Link
  readonly #sessions: SessionsView
  readonly #server: Server
  /** Changes with the password of the admin itself, so that readers can still be reached. */
  #credential: Credential
  #turn: Promise<unknown> = Promise.resolve()

  constructor(link: Link, lock: LockState, options: AdminSessionOptions) {
    this.lock = lock
    this.#link = link
    this.#credential = options.credential
    this.#server = {
      link,
      open: (dbname, call) =>
        connect({ ...options, dbname, credential: this.#credential }, options.writer, call),
    }
    this.#sessions = new SessionsView(link, options.readers, (endpoint, call) =>
      connect({ ...options, credential: this.#credential }, endpoint, call),
    )
  }

  async setPassword(username: string, password: Sensitive, call: Call): Promise<void> {
    const self = username === this.#credential.username
    await this.#inTurn(() => changePassword(this.#link, { username, password, self }, call))
    if (self) this.#credential = { ...this.#credential, password }
  }

  async compareUsers(reference: Reference, username: string, call: Call): Promise<UserComparison> {
    const pair = this.#pair(reference, username)
    return await this.#inTurn(() => compare(this.#link, pair, call))
  }

  async provision(reference: Reference, username: string, call: Call): Promise<void> {
    const pair = this.#pair(reference, username)
    await this.#inTurn(() => provision(this.#link, pair, call))
  }

  /** What a role may do here hangs on who owns what, which no template says. */
  #pair(reference: Reference, username: string): { reference: string; username: string } {
    if (typeof reference === 'string') return { reference, username }
    const problem = 'a role of PostgreSQL is not made from a template'
    throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: this.#link.endpoint, problem })
  }

  async setPasswords(_username: string, _passwords: UserPasswords, _call: Call): Promise<void> {
    const problem = 'a role of PostgreSQL has one password'
    throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: this.#link.endpoint, problem })
  }

  async hasSecondPassword(_username: string, _call: Call): Promise<SecondPassword> {
    return 'nowhere'
  }

  async grantMissing(reference: Reference, username: string, call: Call): Promise<void> {
    const pair = this.#pair(reference, username)
    await this.#inTurn(() => grantMissing(this.#link, pair, call))
  }

  async openLogins(call: Call): Promise<readonly string[]> {
    return await this.#inTurn(() => this.#sessions.openLogins(call))
  }

  async endSessions(sessions: readonly Session[], call: Call): Promise<void> {
    await this.#inTurn(() => this.#sessions.end(sessions, call))
  }

  /** PostgreSQL counts sessions for a database as a whole (pg_stat_database), for no role. */
  async loginCount(_username: string, _call: Call): Promise<number | undefined> {
    return undefined
  }

  /** PostgreSQL blocks nobody for refused logins. */
  async blocksAfterRefusals(_username: string, _call: Call): Promise<boolean> {
    return false
  }

  /** PostgreSQL counts refused logins nowhere: they are in its log only. */
  async lockedLogins(_call: Call): Promise<number | undefined> {
    return undefined
  }

  async sessions(usernames: readonly string[], call: Call): Promise<readonly Session[]> {
    return await this.#inTurn(() => this.#sessions.of(usernames, call))
  }

  async expire(username: string, at: Date | undefined, call: Call): Promise<void> {
    const until = literal(at?.toISOString() ?? 'infinity')
    const sql = `ALTER ROLE ${identifier(username)} VALID UNTIL ${until}`
    const operation = at ? 'let the role expire' : 'let the role not expire'
    await this.#inTurn(() => alterRole(this.#link, { sql, operation }, call))
  }

  async expiry(username: string, call: Call): Promise<Date | undefined> {
    const operation = 'look when the role expires'
    const sql =
      'SELECT extract(epoch FROM rolvaliduntil)::float8 AS seconds FROM pg_catalog.pg_roles' +
      ' WHERE rolname = $1 AND isfinite(rolvaliduntil)'
    const [row] = await this.#inTurn(() =>
      this.#link.query<{ seconds: number }>({ sql, values: [username], operation }, call),
    )
    return row && new Date(row.seconds * 1000)
  }

  async quarantine(username: string, on: boolean, call: Call): Promise<void> {
    const sql = `ALTER ROLE ${identifier(username)} ${on ? 'NOLOGIN' : 'LOGIN'}`
    const operation = on ? 'quarantine' : 'end the quarantine'
    await this.#inTurn(() => alterRole(this.#link, { sql, operation }, call))
  }

  async describeOwnership(wish: OwnershipWish, call: Call): Promise<Ownership> {
    return await this.#inTurn(() => describeOwnership(this.#server, wish, call))
  }

  async moveOwnership(wish: OwnershipWish, phase: OwnershipPhase, call: Call): Promise<void> {
    await this.#inTurn(() => moveOwnership(this.#server, { wish, phase }, call))
  }

  /** One connection has one transaction: what is asked for meanwhile must not get into it. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return await mine
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessions[Symbol.asyncDispose]()
    await this.#link[Symbol.asyncDispose]()
  }
}
