import { createCredentials } from '../../credentials/credentials.ts'
import type { Credentials } from '../../credentials/credentials.ts'
import { CredentialsError } from '../../credentials/errors.ts'
import type { CredentialSource } from '../../credentials/source.ts'
import { createMysqlPool } from '../../drivers/mysql2.ts'
import type { SwapEvents } from '../../drivers/swap-events.ts'
import { watchedPool } from '../../pool/known-pools.ts'
import { poolFigures } from '../../watch/figures.ts'
import type { DatabaseCredentials } from './database-credentials.ts'
import { StarlightError, wordsOf } from './errors.ts'
import type { SecretReader } from './secret-reader.ts'

/** How a connection is made, whatever the driver calls things. */
export interface ConnectionOptions {
  readonly createPool: (options: object) => object
  /** Of the driver and of the pool. */
  readonly config: object
  readonly pollMs: number
  readonly log: (line: string) => void
}

/** The pool of one secret, which lives as long as the process. */
export class Connection {
  readonly #reader: SecretReader
  readonly #credentials: Credentials
  readonly #log: (line: string) => void
  readonly pool: object & SwapEvents
  /** Lines of one search for a login: each is said once. */
  readonly #said = new Set<string>()

  constructor(reader: SecretReader, { createPool, config, pollMs, log }: ConnectionOptions) {
    this.#reader = reader
    this.#log = log
    this.#credentials = createCredentials(this.#told(reader.source), { pollMs })
    this.pool = createMysqlPool({ ...config, credentials: this.#credentials, createPool })
    this.pool.on('swap', () => this.#said.clear())
  }

  /**
   * Makes a round trip: a connection that has gone away meanwhile is replaced, and a login that is
   * refused is made again with whatever stands at the labels of the secret.
   *
   * @returns the login that works
   * @throws StarlightError `ERR_SECRET_LOGIN`; the driver's error where the server is not there
   */
  async prove(): Promise<DatabaseCredentials> {
    await this.#roundTrip()
    const { versionId = '' } = poolFigures(this.pool)
    return this.#reader.version(versionId) ?? (await this.#reader.read('AWSCURRENT', false))
  }

  async end(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if ('end' in this.pool && typeof this.pool.end === 'function') {
      // A pool of callbacks tells its end, one of promises returns it.
      const ended: unknown = Reflect.apply(this.pool.end, this.pool, [() => resolve()])
      await (ended instanceof Promise ? ended : promise)
    }
    this.#credentials.close()
  }

  async #roundTrip(): Promise<void> {
    const watched = watchedPool(this.pool)
    const { refusedLogins: before } = watched.counts
    const isHopeless = (error: unknown): boolean =>
      error instanceof CredentialsError || watched.counts.refusedLogins > before
    try {
      await watched.ping().catch(async (error: unknown) => {
        if (isHopeless(error)) throw error
        // It was the one connection that had gone away.
        await watched.ping()
      })
    } catch (error) {
      if (!isHopeless(error)) throw error
      const message = `Unable to retrieve credentials from any version: ${wordsOf(error)}`
      throw new StarlightError('ERR_SECRET_LOGIN', message, { cause: error })
    }
  }

  /** The pool asks for the other labels only where the server has refused a login. */
  #told(source: CredentialSource): CredentialSource {
    const why = 'the server refused the login'
    return async (request) => {
      if (request.stage === 'AWSPENDING')
        this.#say(`AWSCURRENT failed during rotation, trying AWSPENDING: ${why}`)
      if (request.stage === 'AWSPREVIOUS')
        this.#say(`Both AWSCURRENT and AWSPENDING failed: ${why}`)
      return await source(request)
    }
  }

  #say(line: string): void {
    if (this.#said.has(line)) return
    this.#said.add(line)
    this.#log(line)
  }
}
