import { isIP } from 'node:net'
import type { HeldCredential } from '../credentials/credentials.ts'
import type { DriverPool, LineRules, PoolDriver, Then } from '../pool/driver.ts'
import { demandedTls, refusal } from './demanded-tls.ts'
import { Ledger } from './ledger.ts'
import { loginFields } from './login-fields.ts'
import { versionTag } from './tag.ts'

/** What is used of a connection of `mysql2`, of its callback interface. */
export interface MysqlConnection {
  release(): void
  query(sql: string, then: (error: unknown) => void): unknown
  readonly stream: {
    once(event: 'close', listener: () => void): unknown
    /** Once what was written is sent. */
    destroySoon(): void
  }
}

/** As {@link Then}. */
export type MysqlThen = (error: unknown, connection?: MysqlConnection) => void

/** What is used of a pool of `mysql2`, of its callback interface. */
export interface MysqlPool {
  getConnection(then: MysqlThen): void
  end(then: (error?: unknown) => void): void
  on(event: string, listener: (connection: MysqlConnection) => void): unknown
  emit(event: string, ...told: readonly unknown[]): unknown
}

/** What `mysql2` is given beside the login. */
export interface MysqlConfig {
  readonly host?: string | undefined
  readonly ssl?: unknown
  readonly connectionLimit?: number | undefined
  readonly connectAttributes?: Readonly<Record<string, string>> | undefined
  /** The driver's own rules for whoever waits for a connection; 0: no limit. */
  readonly waitForConnections?: boolean | undefined
  readonly queueLimit?: number | undefined
}

interface MysqlDriverOptions {
  readonly createPool: (config: object) => MysqlPool
  readonly config: MysqlConfig
  /** Is told what a pool tells. */
  readonly heard: (event: string, told: readonly unknown[]) => void
}

/** What mysql2 takes where no limit is given. */
const CONNECTION_LIMIT = 10

/**
 * ER_ACCESS_DENIED_ERROR (1045), ER_ACCESS_DENIED_NO_PASSWORD_ERROR (1698),
 * ER_MUST_CHANGE_PASSWORD_LOGIN (1862); MySQL: ER_ACCOUNT_HAS_BEEN_LOCKED (3118),
 * ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK (3955); MariaDB:
 * ER_ACCOUNT_HAS_BEEN_LOCKED (4151), ER_USER_IS_BLOCKED (4166). By number: mysql2 names some of
 * MariaDB's differently.
 *
 * @see MySQL 9 error message reference, MariaDB error code reference
 */
const REFUSALS: ReadonlySet<unknown> = new Set([1045, 1698, 1862, 3118, 3955, 4151, 4166])

/** Pools of `mysql2`: one for each credential. */
export function mysqlDriver(options: MysqlDriverOptions): PoolDriver<MysqlConnection> {
  const { createPool, config, heard } = options
  return {
    open: (held, trial) => {
      const pool = createPool({
        ...config,
        ...loginFields(held),
        ...(held.credential.ssl && { ssl: tlsOf(config, held) }),
        connectAttributes: { ...config.connectAttributes, cred_version: versionTag(held) },
        ...(trial && { connectionLimit: 1, maxIdle: 1 }),
      })
      return new MysqlDriverPool(pool, config.connectionLimit ?? CONNECTION_LIMIT, heard)
    },
    line: lineOf(config, () => heard('enqueue', [])),
    ping: roundTrip,
    isRefusal: (error) => error instanceof Error && 'errno' in error && REFUSALS.has(error.errno),
  }
}

/**
 * By itself mysql2 holds the certificate against no name, and where it is told to against
 * `localhost`, whatever the address.
 *
 * @see test "a server of another name is refused, which mysql2 by itself takes"
 */
function tlsOf({ ssl, host = '' }: MysqlConfig, { credential }: HeldCredential): object {
  if (isIP(credential.host || host) !== 0) throw refusal('host must be a name and no address')
  return { ...demandedTls(ssl), rejectUnauthorized: true, verifyIdentity: true }
}

/** As `mysql2` itself has it, with its words. */
function lineOf(config: MysqlConfig, onWait: () => void): LineRules {
  const { waitForConnections = true, queueLimit = 0 } = config
  const problem = waitForConnections ? 'Queue limit reached.' : 'No connections available.'
  const most = queueLimit === 0 ? Infinity : queueLimit
  return {
    most: waitForConnections ? most : 0,
    onWait,
    tooMany: () => new Error(problem),
    waitMs: 0,
    tooLong: () => new Error(problem),
  }
}

/** Gives the connection back: one that is broken the driver itself drops. */
async function roundTrip(connection: MysqlConnection): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  connection.query('SELECT 1', (error) => {
    connection.release()
    if (error) reject(error)
    else resolve()
  })
  await promise
}

class MysqlDriverPool implements DriverPool<MysqlConnection> {
  readonly #pool: MysqlPool
  /** 0: none. */
  readonly #limit: number
  readonly #ledger = new Ledger<MysqlConnection>()
  readonly #open = new Set<MysqlConnection>()
  readonly #idle = new Set<MysqlConnection>()
  #opening = 0
  #isProving = false

  constructor(pool: MysqlPool, limit: number, heard: MysqlDriverOptions['heard']) {
    this.#pool = pool
    this.#limit = limit
    for (const event of ['connection', 'acquire', 'release'])
      pool.on(event, (...told) => heard(event, told))
    pool.on('connection', (connection) => this.#opened(connection))
    pool.on('acquire', (connection) => this.#idle.delete(connection))
    pool.on('release', (connection) => {
      this.#idle.add(connection)
      this.#ledger.handedBack(connection)
    })
  }

  /** A connection that is destroyed or lost is not released. */
  #opened(connection: MysqlConnection): void {
    this.#open.add(connection)
    connection.stream.once('close', () => {
      this.#open.delete(connection)
      this.#idle.delete(connection)
      this.#ledger.handedBack(connection)
      this.#ledger.tellFreed()
    })
  }

  get total(): number {
    return this.#open.size + this.#opening
  }

  get idle(): number {
    return this.#idle.size
  }

  get max(): number {
    return this.#limit === 0 ? Infinity : this.#limit
  }

  get busy(): number {
    return this.#ledger.busy
  }

  checkOut(then: Then<MysqlConnection>): void {
    const fresh = this.idle > 0 ? 0 : 1
    this.#opening += fresh
    const answered = this.#ledger.promise(then)
    this.#pool.getConnection((error, connection) => {
      this.#opening -= fresh
      answered(error, connection)
    })
  }

  async prove(): Promise<void> {
    this.#isProving = true
    await this.#roundTrip().finally(() => (this.#isProving = false))
  }

  async #roundTrip(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<MysqlConnection>()
    this.#pool.getConnection((error, connection) => {
      if (connection === undefined) reject(error)
      else resolve(connection)
    })
    await roundTrip(await promise)
  }

  onFreed(then: () => void): void {
    this.#ledger.onFreed(then)
  }

  /**
   * The driver's own `end` says goodbye on each connection once the query before it has ended, and
   * waits for logins: neither may ever come to pass.
   */
  async end(): Promise<void> {
    const { inUse } = this.#ledger
    const isWaiting = this.#opening > 0 || this.#isProving
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#pool.end((error) => {
      if (error) reject(error)
      else resolve()
    })
    for (const { stream } of inUse) stream.destroySoon()
    if (!isWaiting && inUse.length === 0) return await promise
    promise.catch(() => undefined)
  }
}
