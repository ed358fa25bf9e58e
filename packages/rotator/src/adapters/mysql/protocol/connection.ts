import { connect as connectTcp } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { createConnection } from 'mysql2'
import type { Connection as Driver, ConnectionOptions, SslOptions } from 'mysql2'
import type { Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import { RotatorError } from '../../../errors.ts'
import { isTlsErrorCode, verifiedTls } from '../../common/tls.ts'
import type { Endpoint, TlsSetting, VerifiedTls } from '../../common/tls.ts'
import {
  WAITS_FOR_SPACE,
  connectError,
  hidesReason,
  reasonAmong,
  refusedLogin,
  statementError,
  waitedInVain,
} from './errors.ts'

/** How to connect. */
export interface ConnectOptions {
  readonly endpoint: Endpoint
  readonly username: string
  readonly password: Sensitive
  /** Empty: none. */
  readonly dbname: string
  readonly tls: TlsSetting
  /** For the TCP connection, TLS and the login together, in milliseconds. */
  readonly timeoutMs: number
  /** `program_name` among the connection's attributes. */
  readonly program: string
}

/** One statement. With `values` it is prepared and they are bound; they may not hold secrets. */
export interface Statement {
  /** For messages: what it does, in the imperative, without values. */
  readonly operation: string
  readonly sql: string
  readonly values?: readonly (string | number)[]
}

/** Values in the order of the SELECT list; JSON as text. */
export type Row = readonly Cell[]
/** One value: what SQL's numbers and texts are in JavaScript. */
export type Cell = string | number | null

/** What became of a login. */
export type Opened =
  | { readonly answer: 'accepted'; readonly connection: Connection }
  | { readonly answer: 'denied' | 'locked' }

/**
 * Connects and logs in.
 * @throws ERR_DB_UNREACHABLE, ERR_DB_OVERLOADED, ERR_DB_TLS; ERR_DB_DENIED when the login is fine
 *   and the user may not use the database; ERR_DB_STATEMENT when there is no such database
 */
export async function openConnection(options: ConnectOptions, call: Call): Promise<Opened> {
  const { endpoint, username } = options
  const label = labelOf(endpoint)
  const tls = await verifiedTls(options.tls, endpoint)
  if (call.signal.aborted) throw outOfTime(label)
  const driver = createConnection(driverOptions(options, tls))
  const handshake = watchTls(driver, tls)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = (): void => reject(outOfTime(label))
  call.signal.addEventListener('abort', abort, { once: true })
  driver.once('connect', () => resolve())
  driver.on('error', reject)
  try {
    await promise
    if (tls !== undefined && !handshake.verified)
      throw new RotatorError('ERR_DB_TLS', { endpoint: label, reason: 'certificate not checked' })
    return { answer: 'accepted', connection: new Connection(driver, { endpoint: label, username }) }
  } catch (error) {
    hangUp(driver)
    const answer = refusedLogin(error)
    if (answer !== undefined) return { answer }
    const { dbname } = options
    throw connectError(error, { endpoint: label, username, dbname, tlsFailed: handshake.failed })
  } finally {
    call.signal.removeEventListener('abort', abort)
  }
}

/** An endpoint as messages name it. */
export function labelOf({ host, port }: Endpoint): string {
  return `${host}:${port}`
}

function outOfTime(endpoint: string): RotatorError {
  return new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason: 'no answer in time' })
}

function driverOptions(options: ConnectOptions, tls: VerifiedTls | undefined): ConnectionOptions {
  const { endpoint } = options
  return {
    // The driver takes the name for SNI from here; where to connect is the stream's business.
    host: tls?.servername ?? endpoint.host,
    port: (serial += 1),
    stream: () => {
      const socket = connectTcp({ host: endpoint.host, port: endpoint.port, keepAlive: true })
      return socket.setNoDelay(true)
    },
    user: options.username,
    password: options.password.reveal(),
    ...(options.dbname !== '' && { database: options.dbname }),
    ...(tls && { ssl: sslOf(tls) }),
    // Until the login is answered: a server may greet and let nobody in.
    connectTimeout: options.timeoutMs,
    connectAttributes: { program_name: options.program },
    rowsAsArray: true,
    charset: 'utf8mb4_bin',
  }
}

/**
 * The driver resumes a TLS session where host, port and `ssl` are those of an earlier connection,
 * and a resumed session shows no certificate to check. So no two have the same port, which is
 * nothing else to it: where to connect is the stream's business.
 */
let serial = 0

const known = new WeakMap<SecureContext, SslOptions>()

/** The driver reads the CAs once for each object: reading them takes longer than a login. */
function sslOf({ ca, secureContext, rejectUnauthorized, minVersion }: VerifiedTls): SslOptions {
  const ssl = known.get(secureContext) ?? { ca, rejectUnauthorized, minVersion }
  known.set(secureContext, ssl)
  return ssl
}

/** What the driver's types leave out. `startTLS` is called once TLS has been agreed on. */
interface Inner {
  /** The TCP socket, and after `startTLS` the TLS socket around it. */
  readonly stream: TLSSocket
  startTLS(onSecure: (error?: Error) => void): void
}

function inner(driver: object): Inner {
  if (isInner(driver)) return driver
  throw new TypeError('this version of mysql2 is not supported')
}

function isInner(driver: object): driver is Inner {
  return 'stream' in driver && 'startTLS' in driver && typeof driver.startTLS === 'function'
}

/** The driver's own `destroy` only says that it has no more to send, and waits for the server. */
function hangUp(driver: Driver): void {
  driver.destroy()
  inner(driver).stream.destroy()
}

/**
 * Checks the server's name in the moment between the TLS handshake and the login. mysql2 itself
 * checks no name unless told to, and an address as host not even then: it compares with
 * `localhost`. Should a later mysql2 start TLS in another way, `verified` stays false and the
 * connection is refused.
 */
function watchTls(
  driver: Driver,
  tls: VerifiedTls | undefined,
): { readonly verified: boolean; readonly failed: boolean } {
  const state = { verified: false, failed: false }
  if (tls === undefined) return state
  const internals = inner(driver)
  const startTls = internals.startTLS.bind(driver)
  internals.startTLS = (onSecure) => {
    startTls((error) => {
      const problem =
        error ?? tls.checkServerIdentity('', internals.stream.getPeerCertificate(true))
      state.verified = problem === undefined
      // Told apart here because mysql2 gives all errors of this moment one code.
      state.failed =
        problem !== undefined && 'code' in problem && isTlsErrorCode(String(problem.code))
      onSecure(problem)
    })
  }
  return state
}

function toRow(row: unknown): Row {
  return Array.isArray(row) ? row.map(toCell) : []
}

/** The driver gives some columns as objects, JSON and dates among them. */
function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number') return value
  return typeof value === 'bigint' ? Number(value) : JSON.stringify(value)
}

/**
 * The states of a thread are no messages: they have one name in every language.
 * Sources: MySQL's and MariaDB's documentation, "General Thread States".
 */
const WAITING_FOR_SPACE =
  'SELECT EXISTS (SELECT 1 FROM information_schema.PROCESSLIST' +
  " WHERE STATE IN ('Waiting for someone to free space', 'Waiting for disk space'))"

/** One login that statements are sent on, one after another. */
export class Connection {
  readonly endpoint: string
  readonly username: string
  readonly #driver: Driver
  readonly #closed: Promise<void>
  #dead = false

  constructor(driver: Driver, names: { readonly endpoint: string; readonly username: string }) {
    this.#driver = driver
    this.endpoint = names.endpoint
    this.username = names.username
    const bury = (): void => {
      this.#dead = true
    }
    driver.on('error', bury)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#closed = promise.then(bury)
    inner(driver).stream.once('close', resolve)
  }

  /**
   * Sends a statement and waits for its rows.
   * @throws ERR_DB_UNREACHABLE when nothing was sent, ERR_OUTCOME_UNKNOWN when no answer came,
   *   ERR_DB_AUTH when the password has expired, ERR_DB_OVERLOADED, ERR_DB_DENIED,
   *   ERR_DB_DISK_FULL, ERR_DB_READ_ONLY, ERR_DB_UNSUPPORTED, ERR_DB_STATEMENT
   */
  async run(statement: Statement, call: Call): Promise<readonly Row[]> {
    const { endpoint, username } = this
    const { operation, sql, values } = statement
    if (call.signal.aborted) throw outOfTime(endpoint)
    if (this.#dead)
      throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason: 'the connection was lost' })
    const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>()
    const abort = (): void => {
      this.destroy()
      reject(new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where: endpoint }))
    }
    call.signal.addEventListener('abort', abort, { once: true })
    const fail = (error: unknown): void => {
      const problem = statementError(error, { endpoint, username, operation })
      if (problem.code === 'ERR_OUTCOME_UNKNOWN') this.destroy()
      reject(problem)
    }
    const done = (error: unknown, rows: unknown): void => {
      if (error === null) return resolve(Array.isArray(rows) ? rows.map(toRow) : [])
      if (waitedInVain(error)) return this.#whileDiskIsFull((full) => fail(full ?? error))
      if (!hidesReason(error)) return fail(error)
      this.#driver.query('SHOW WARNINGS', (_error: unknown, warnings: unknown) => {
        const shown = Array.isArray(warnings) ? warnings.map(toRow) : []
        fail(reasonAmong(shown.map((row) => row[1])) ?? error)
      })
    }
    // The driver answers nothing after it was told to hang up.
    void this.#closed.then(abort)
    if (values === undefined) this.#driver.query(sql, done)
    else this.#driver.execute(sql, [...values], done)
    return await promise.finally(() => call.signal.removeEventListener('abort', abort))
  }

  /**
   * A server whose disk is full lets the statement that needs space wait, and with it everybody who
   * needs what that one has locked.
   */
  #whileDiskIsFull(tell: (full: { readonly errno: number } | undefined) => void): void {
    this.#driver.query(WAITING_FOR_SPACE, (error: unknown, rows: unknown) => {
      const seen = error === null && Array.isArray(rows) && rows.map(toRow)[0]?.[0] === 1
      tell(seen ? WAITS_FOR_SPACE : undefined)
    })
  }

  /** Says goodbye and waits until the server has hung up, at most one second. */
  async close(): Promise<void> {
    if (!this.#dead) {
      const timer = setTimeout(() => this.destroy(), 1000)
      this.#driver.end()
      await this.#closed
      clearTimeout(timer)
    }
    this.destroy()
  }

  /** Ends the connection at once, whatever is under way. */
  destroy(): void {
    this.#dead = true
    hangUp(this.#driver)
  }
}
