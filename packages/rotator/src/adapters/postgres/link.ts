import { Socket } from 'node:net'
import type { Credential } from '@cuedot/client/protocol'
import pg from 'pg'
import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import { verifiedTls } from '../common/tls.ts'
import type { Endpoint, TlsSetting } from '../common/tls.ts'
import { checkMessages } from './frames.ts'
import { connectFailure, statementFailure } from './classify.ts'

/** One connection to be opened. */
export interface LinkOptions {
  readonly endpoint: Endpoint
  readonly dbname: string
  /** Its host and port are not used. */
  readonly credential: Credential
  readonly tls: TlsSetting
  /** `application_name`; at most 63 bytes. */
  readonly application: string
  /** Milliseconds until opening counts as failed. */
  readonly connectTimeoutMs: number
}

/** A statement, its parameters, and what it is for, in words for an error. */
export interface Statement {
  readonly sql: string
  readonly values?: readonly unknown[]
  readonly operation: string
}

/** How long a server may take to close the connection that we have said goodbye on. */
const GOODBYE_MS = 2000

/** Idle connections through a NAT are kept: AWS drops them after 350 seconds. */
const KEEP_ALIVE_MS = 30_000

/** One connection that knows when it has died, and whose statements end with their deadline. */
export class Link implements AsyncDisposable {
  /** `host:port`. */
  readonly endpoint: string
  /** Who logged in. */
  readonly username: string
  readonly #client: pg.Client
  readonly #socket: Socket
  #dead = false

  private constructor(client: pg.Client, socket: Socket, options: LinkOptions) {
    this.#client = client
    this.#socket = socket
    this.username = options.credential.username
    this.endpoint = nameOf(options.endpoint)
    const died = (): void => {
      this.#dead = true
    }
    client.on('error', died)
    client.on('end', died)
  }

  /**
   * Connects and logs in; `denied` and `locked` are answers about the account.
   * @throws ERR_DB_UNREACHABLE, ERR_DB_OVERLOADED, ERR_DB_TLS, and ERR_DB_DENIED or
   *   ERR_DB_STATEMENT when the account is good and the database named is not
   */
  static async open(options: LinkOptions, call: Call): Promise<Link | 'denied' | 'locked'> {
    const { endpoint, credential } = options
    const ssl = await verifiedTls(options.tls, endpoint)
    const socket = new Socket()
    let refusedTls = false
    if (ssl) socket.once('data', (answer) => (refusedTls = answer[0] === NO_TLS))
    const client = new pg.Client({
      ...endpoint,
      user: credential.username,
      password: credential.password.reveal(),
      database: options.dbname,
      ssl: ssl ?? false,
      stream: () => socket,
      application_name: options.application,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    })
    checkMessages(client)
    const link = new Link(client, socket, options)
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(options.connectTimeoutMs)])
    try {
      await untilAborted(signal, socket, () => client.connect())
      return link
    } catch (error) {
      socket.destroy()
      const facts = { endpoint: link.endpoint, username: credential.username, refusedTls }
      const failure = connectFailure(error, { ...facts, aborted: signal.aborted })
      if (failure instanceof RotatorError) throw failure
      return failure
    }
  }

  /** True when the connection has ended, as far as is known here. */
  get dead(): boolean {
    return this.#dead
  }

  /** The server process that it talks to, as the server said when greeting. */
  get serverProcess(): number | undefined {
    const client = this.#client
    return 'processID' in client && typeof client.processID === 'number'
      ? client.processID
      : undefined
  }

  /**
   * Runs one statement.
   * @throws ERR_DB_UNREACHABLE when nothing was sent, ERR_OUTCOME_UNKNOWN when no answer came, else
   *   ERR_DB_DENIED, ERR_DB_OVERLOADED or ERR_DB_STATEMENT: the server refused, nothing happened
   */
  async query<Row extends object>(statement: Statement, call: Call): Promise<readonly Row[]> {
    const { sql, values, operation } = statement
    if (this.#dead || call.signal.aborted) {
      const reason = this.#dead
        ? 'the connection is gone'
        : 'no time was left to send the statement'
      throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint: this.endpoint, reason })
    }
    try {
      const result = await untilAborted(call.signal, this.#socket, () =>
        values ? this.#client.query<Row>(sql, [...values]) : this.#client.query<Row>(sql),
      )
      return result.rows
    } catch (error) {
      const facts = { endpoint: this.endpoint, username: this.username, operation }
      const failure = statementFailure(error, facts)
      if (failure.code === 'ERR_OUTCOME_UNKNOWN') this.destroy()
      throw failure
    }
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.#dead = true
    this.#socket.destroy()
  }

  /** Says goodbye and waits until the server has hung up: then it has freed all locks. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dead) return this.destroy()
    this.#dead = true
    const signal = AbortSignal.timeout(GOODBYE_MS)
    await untilAborted(signal, this.#socket, () => this.#client.end()).catch(() => undefined)
    this.#socket.destroy()
  }
}

/** The byte with which a server declines TLS: "N". Source: PostgreSQL documentation, SSLRequest. */
const NO_TLS = 0x4e

/** Waits for `work`; when the signal aborts, the socket is destroyed, which makes `work` fail. */
async function untilAborted<T>(
  signal: AbortSignal,
  socket: Socket,
  work: () => Promise<T>,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => {
    socket.destroy()
    reject(signal.reason)
  }
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work(), promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** An endpoint as `host:port`. */
export function nameOf(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`
}
