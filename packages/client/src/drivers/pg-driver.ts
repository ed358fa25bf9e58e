import type { HeldCredential } from '../credentials/credentials.ts'
import type { DriverPool, LineRules, PoolDriver, Then } from '../pool/driver.ts'
import { demandedTls } from './demanded-tls.ts'
import { Ledger } from './ledger.ts'
import { loginFields } from './login-fields.ts'
import { versionTag } from './tag.ts'

/** What is used of a client of `pg`. */
export interface PgClient {
  release: (error?: Error | boolean) => void
  query(text: string): Promise<unknown>
  end(): Promise<void>
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
}

/** As {@link Then}, and with what gives the client back. */
export type PgThen = (
  error: unknown,
  client: PgClient | undefined,
  release: PgClient['release'],
) => void

/** What is used of a pool of `pg`. */
export interface PgPool {
  connect(then: PgThen): void
  end(): Promise<void>
  on(event: string, listener: (...told: readonly unknown[]) => void): unknown
  emit(event: string, ...told: readonly unknown[]): unknown
  listenerCount(event: string): number
  readonly options: { readonly max?: number | undefined }
  readonly totalCount: number
  readonly idleCount: number
}

/** What `pg` is given beside the login. */
export interface PgConfig {
  readonly application_name?: string | undefined
  readonly host?: string | undefined
  readonly ssl?: unknown
  /** The driver's own limit for whoever waits for a client; 0: none. */
  readonly connectionTimeoutMillis?: number | undefined
}

interface PgDriverOptions {
  readonly Pool: new (config: object) => PgPool
  readonly config: PgConfig
  /** Is told what a pool tells. */
  readonly heard: (pool: DriverPool<PgClient>, event: string, told: readonly unknown[]) => void
}

/**
 * 28P01 invalid_password, 28000 invalid_authorization_specification: a role that may not log in, or
 * that no line of pg_hba.conf lets in.
 *
 * @see PostgreSQL 18, appendix A, "PostgreSQL Error Codes", class 28
 */
const REFUSALS: ReadonlySet<unknown> = new Set(['28P01', '28000'])

/**
 * What PgBouncer says where it refuses a login: to a wrong password, a user that it does not find,
 * and a server that it cannot reach. PostgreSQL has the code for messages that break the protocol,
 * and names the routine that says so; PgBouncer names none.
 *
 * @see test "where PgBouncer serves nobody, it is soon asked again"
 */
const POOLER_REFUSAL = '08P01'

/** A longer `application_name` is cut by the server (NAMEDATALEN - 1 bytes). */
const LONGEST_NAME = 63

/** Without a name of its own the application is called this. */
const NAME = 'cuedot-client'

/** Pools of `pg`: one for each credential. */
export function pgDriver({ Pool, config, heard }: PgDriverOptions): PoolDriver<PgClient> {
  const refusedByPooler = new WeakSet<object>()
  const onLoginError = (error: unknown): void => {
    if (isPoolerRefusal(error)) refusedByPooler.add(error)
  }
  const isOfPooler = (error: unknown): boolean =>
    error instanceof Error && refusedByPooler.has(error)
  return {
    open: (held, trial) => {
      const pool = new Pool({
        ...config,
        ...loginFields(held),
        ...(held.credential.ssl && { ssl: tlsOf(config, held) }),
        application_name: nameOf(config, held),
        ...(trial && { max: 1, min: 0 }),
      })
      return new PgDriverPool(pool, heard, onLoginError)
    },
    line: lineOf(config),
    ping: roundTrip,
    isRefusal: (error) => isServerRefusal(error) || isOfPooler(error),
    mayBeOutage: isOfPooler,
  }
}

function isServerRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && REFUSALS.has(error.code)
}

function isPoolerRefusal(error: unknown): error is Error {
  if (!(error instanceof Error && 'code' in error) || error.code !== POOLER_REFUSAL) return false
  return !('routine' in error) || error.routine === undefined
}

async function roundTrip(client: PgClient): Promise<void> {
  // A connection that breaks tells so, too, and what nobody listens to ends the process.
  client.on('error', nothing)
  try {
    await client.query('SELECT 1')
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  } finally {
    client.off('error', nothing)
  }
}

function nothing(): void {
  // The query rejects with it.
}

/** As `pg` itself has it, with its words. */
function lineOf({ connectionTimeoutMillis = 0 }: PgConfig): LineRules {
  return {
    most: Infinity,
    tooMany: () => new Error('nobody more may wait'),
    waitMs: connectionTimeoutMillis,
    tooLong: () => new Error('timeout exceeded when trying to connect'),
  }
}

/** With `host` a certificate is held against an address, too, where an older `pg` forgets it. */
function tlsOf({ ssl, host: given }: PgConfig, { credential }: HeldCredential): object {
  const host = credential.host || given
  return { ...demandedTls(ssl), rejectUnauthorized: true, ...(host !== undefined && { host }) }
}

/** The name of the application, and the version of its credential, whole. */
function nameOf({ application_name: name = NAME }: PgConfig, held: HeldCredential): string {
  const tag = ` cred=${versionTag(held)}`
  const room = LONGEST_NAME - Buffer.byteLength(tag)
  return `${Buffer.from(name).subarray(0, room).toString()}${tag}`
}

class PgDriverPool implements DriverPool<PgClient> {
  readonly #pool: PgPool
  readonly #onLoginError: (error: unknown) => void
  readonly #ledger = new Ledger<PgClient>()
  /** Idle clients that the pool will hand out in a moment. */
  #promised = 0
  #isProving = false

  constructor(
    pool: PgPool,
    heard: PgDriverOptions['heard'],
    onLoginError: (error: unknown) => void,
  ) {
    this.#pool = pool
    this.#onLoginError = onLoginError
    for (const event of ['connect', 'acquire', 'release', 'remove', 'error'])
      pool.on(event, (first, second) => heard(this, event, [first, second]))
    // Idle clients are removed, too: then there is room.
    pool.on('remove', () => this.#ledger.tellFreed())
  }

  get total(): number {
    return this.#pool.totalCount
  }

  get idle(): number {
    return this.#pool.idleCount - this.#promised
  }

  get max(): number {
    return this.#pool.options.max ?? 0
  }

  get busy(): number {
    return this.#ledger.busy
  }

  checkOut(then: Then<PgClient>): void {
    const kept = this.idle > 0 ? 1 : 0
    this.#promised += kept
    const answered = this.#ledger.promise(then)
    this.#pool.connect((error, client) => {
      this.#promised -= kept
      if (client) this.#noteRelease(client)
      else this.#onLoginError(error)
      answered(error, client)
    })
  }

  /** By whatever way a client is given back, its `release` is called. */
  #noteRelease(client: PgClient): void {
    const { release } = client
    client.release = (error) => {
      release(error)
      this.#ledger.handedBack(client)
    }
  }

  async prove(): Promise<void> {
    this.#isProving = true
    await this.#roundTrip().finally(() => (this.#isProving = false))
  }

  async #roundTrip(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<PgClient>()
    this.#pool.connect((error, client) => {
      if (client) return resolve(client)
      this.#onLoginError(error)
      reject(error)
    })
    await roundTrip(await promise)
  }

  onFreed(then: () => void): void {
    this.#ledger.onFreed(then)
  }

  async end(): Promise<void> {
    const { inUse } = this.#ledger
    const ended = this.#pool.end()
    // The pool waits for clients that are handed out or log in: that may never end.
    if (this.#ledger.busy === 0 && !this.#isProving) return await ended
    ended.catch(() => undefined)
    await Promise.allSettled(inUse.map((client) => client.end()))
  }
}
