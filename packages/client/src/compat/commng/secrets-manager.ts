import { createCredentials } from '../../credentials/credentials.ts'
import type { Credentials, HeldCredential } from '../../credentials/credentials.ts'
import { pollPauseMs, retryPauseMs } from '../../credentials/pauses.ts'
import { sameCredential } from '../../credentials/read-credential.ts'
import type { CredentialSource } from '../../credentials/source.ts'
import { surroundings } from '../../credentials/surroundings.ts'
import { Timers } from '../../credentials/timers.ts'
import { loginFields } from '../../drivers/login-fields.ts'
import { Pauses } from '../../pool/pauses.ts'
import { awsSecretsManager } from '../../sources/aws.ts'
import { credentialVariables } from '../../sources/env.ts'
import { demandInterval, loginVariables, readEnvironment } from './environment.ts'
import type { CommngEnvironment, Variables } from './environment.ts'
import { quiet } from './log.ts'
import type { Log } from './log.ts'
import { ENVIRONMENT, loggedSource, orEnvironment } from './source.ts'

/** A login, in the clear, as CommNG's callers know it. */
export interface DatabaseCredentials {
  readonly username: string
  readonly password: string
}

/** Is told of other credentials. Where it rejects it is told again. */
export type OnRotate = (credentials: DatabaseCredentials) => Promise<void>

/** Where the secret is, and who is told. */
export interface SecretsManagerOptions {
  /** Default: nobody. Nothing of this package prints by itself. */
  readonly log?: Log
  /** Default: those of the process, read when this is called. */
  readonly variables?: Variables
  /**
   * What is read instead of `awsSecretsManager` with `DB_SECRET_ID` and the region. It counts only
   * where `DB_SECRET_ID` is set.
   */
  readonly source?: CredentialSource
}

/** The `secretsManager` of CommNG. */
export interface SecretsManager extends Disposable {
  /** What the variables said when this was made. */
  readonly environment: CommngEnvironment
  /** What a pool and `refreshOnEvents` take: the secret, or the login of the environment. */
  readonly credentials: Credentials
  /** `DB_SECRET_ID` is set. */
  isEnabled(): boolean
  /** Reads AWSCURRENT now; null without `DB_SECRET_ID`. Rejects with a CredentialsError. */
  fetchSecret(): Promise<DatabaseCredentials | null>
  /** What is held, or read if nothing is; null without `DB_SECRET_ID`. Rejects as `fetchSecret`. */
  getCredentials(): Promise<DatabaseCredentials | null>
  /**
   * Reads the secret every so often, a quarter more or less by chance, never twice at once, and
   * after failures again after 1 s, 2 s, 4 s, at most every 30 s. `callback` is told whenever the
   * login is another than the one that the caller was last given, and again, with the same pauses,
   * until it resolves. A second call replaces interval and callback of the first.
   *
   * @param intervalMs - 1,000 to 86,400,000. Default `DB_SECRET_REFRESH_INTERVAL_MS`
   * @throws CredentialsError `ERR_OPTIONS`
   */
  startAutoRefresh(intervalMs?: number, callback?: OnRotate): Promise<void>
  stopAutoRefresh(): void
  /** Ends everything, the credentials too. */
  close(): void
}

/**
 * CommNG's `secretsManager`: with `DB_SECRET_ID` the secret, kept up to date, else the login of
 * `POSTGRES_USER` and `POSTGRES_PASSWORD`. Where the secret cannot be read at the start, that login
 * serves until it can.
 *
 * @throws CredentialsError `ERR_OPTIONS` for a variable that is out of its bounds
 */
export function createSecretsManager(options: SecretsManagerOptions = {}): SecretsManager {
  return new Keeper(options)
}

class Keeper implements SecretsManager {
  readonly environment: CommngEnvironment
  readonly #log: Log
  readonly #timers = new Timers()
  readonly #pauses = new Pauses(this.#timers)
  readonly #variables: Variables
  readonly #secret: CredentialSource | undefined
  #credentials: Credentials | undefined
  #callback: OnRotate | undefined
  /** What the caller was last given. */
  #given: HeldCredential | undefined
  #telling: Promise<void> | undefined
  #stop: AbortController | undefined

  constructor({
    log = quiet,
    variables = surroundings.environment,
    source,
  }: SecretsManagerOptions) {
    this.environment = readEnvironment(variables)
    this.#log = log
    this.#variables = loginVariables(variables)
    const { secretId, region } = this.environment
    if (secretId === undefined) {
      log.info('Secrets Manager not initialized - using environment variables directly')
      return
    }
    this.#secret = loggedSource(source ?? awsSecretsManager({ secretId, region }), log)
    log.info(`Secrets Manager initialized for secret: ${secretId} in region: ${region}`)
  }

  get credentials(): Credentials {
    this.#credentials ??= this.#open()
    return this.#credentials
  }

  #open(): Credentials {
    const names = { username: 'POSTGRES_USER', password: 'POSTGRES_PASSWORD' }
    const environment = credentialVariables(names, this.#variables)
    const secret = this.#secret
    const source = secret ? orEnvironment(secret, environment, this.#log) : environment
    // Nothing is polled before startAutoRefresh.
    const credentials = createCredentials(source, { pollMs: 0 })
    return credentials.on('change', (now, before) => this.#changed(now, before))
  }

  isEnabled(): boolean {
    return this.#secret !== undefined
  }

  async fetchSecret(): Promise<DatabaseCredentials | null> {
    if (!this.isEnabled()) return null
    // The first reading may answer with the login of the environment, and this must not.
    await this.credentials.get()
    return plain(await this.credentials.read('AWSCURRENT'))
  }

  async getCredentials(): Promise<DatabaseCredentials | null> {
    if (!this.isEnabled()) return null
    const held = await this.credentials.get()
    this.#given = held.versionId === ENVIRONMENT ? await this.#readAnew() : held
    return plain(this.#given)
  }

  /** What is held is only the login of the environment: the caller is to know why. */
  async #readAnew(): Promise<HeldCredential> {
    const read = await this.credentials.read('AWSCURRENT')
    this.#refresh()
    return read
  }

  async startAutoRefresh(
    intervalMs: number = this.environment.intervalMs,
    callback?: OnRotate,
  ): Promise<void> {
    if (!this.isEnabled()) {
      this.#log.info('Auto-refresh not started - Secrets Manager not initialized')
      return
    }
    demandInterval('intervalMs', intervalMs)
    if (callback) this.#callback = callback
    this.#stop?.abort()
    this.#stop = new AbortController()
    this.#poll(intervalMs, this.#stop.signal)
    const seconds = intervalMs / 1_000
    const started = `Auto-refresh started - checking for secret rotation every ${seconds} seconds`
    this.#log.info(started)
    const held = await this.credentials.get()
    this.#given ??= held
    if (held.versionId === ENVIRONMENT) this.#refresh()
    void this.#tellSoon()
  }

  stopAutoRefresh(): void {
    if (this.#stop === undefined) return
    this.#stop.abort()
    this.#stop = undefined
    this.#pauses.wake()
    this.#log.info('Auto-refresh stopped')
  }

  close(): void {
    this.#stop?.abort()
    this.#stop = undefined
    this.#pauses.wake()
    this.#timers.clear()
    this.#credentials?.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** One question after the other. */
  #poll(intervalMs: number, stopped: AbortSignal): void {
    const cancel = this.#timers.start(pollPauseMs(intervalMs, surroundings.chance()), () => {
      const goOn = (): void => {
        if (!stopped.aborted) this.#poll(intervalMs, stopped)
      }
      this.credentials.refresh().then(goOn, closed)
    })
    stopped.addEventListener('abort', cancel, { once: true })
  }

  #refresh(): void {
    this.credentials.refresh().catch(closed)
  }

  #changed(now: HeldCredential, before: HeldCredential | undefined): void {
    if (before === undefined) return
    if (isSameLogin(now, before)) this.#log.debug('Skipping pool refresh - credentials unchanged')
    else this.#log.info('Database password rotation detected')
    this.#pauses.wake()
    void this.#tellSoon()
  }

  #tellSoon(): Promise<void> {
    this.#telling ??= this.#tell().finally(() => (this.#telling = undefined))
    return this.#telling
  }

  /** Until the callback has taken what is held. */
  async #tell(): Promise<void> {
    for (let failures = 0; this.#stop?.signal.aborted === false;) {
      const held = this.credentials.current
      const callback = this.#callback
      if (!held || !callback || (this.#given && isSameLogin(held, this.#given))) return
      try {
        await callback(plain(held))
        this.#given = held
        failures = 0
      } catch (error) {
        this.#log.error(error, 'Failed to refresh secret')
        failures += 1
        await this.#pauses.pause(retryPauseMs(failures, surroundings.chance()))
      }
    }
  }
}

function plain(held: HeldCredential): DatabaseCredentials {
  const { user, password } = loginFields(held)
  return { username: user, password }
}

function isSameLogin(a: HeldCredential, b: HeldCredential): boolean {
  return sameCredential(a.credential, b.credential)
}

function closed(): void {
  // The credentials were closed: nobody waits for them.
}
