import type { Credential } from '../protocol/credential.ts'
import { Sensitive } from '../protocol/sensitive.ts'
import { CredentialsError, toCredentialsError } from './errors.ts'
import { Listeners } from './listeners.ts'
import type { Listener } from './listeners.ts'
import { settingsOf } from './options.ts'
import type { CredentialsOptions, Settings } from './options.ts'
import { pollPauseMs, retryPauseMs } from './pauses.ts'
import { readCredential, sameCredential } from './read-credential.ts'
import type { CredentialSource, SourceAnswer, Stage } from './source.ts'
import { surroundings } from './surroundings.ts'
import { Timers } from './timers.ts'

/** A credential, and which version of the secret it was read from. */
export interface HeldCredential {
  readonly credential: Credential
  readonly versionId: string
  /** When this version was made; absent where the source does not say. */
  readonly createdAt?: Date
}

/** A reading that failed. What was held before is still served. */
export interface Trouble {
  readonly error: CredentialsError
  /** Readings in a row that have failed, from 1. */
  readonly failures: number
}

/** What {@link Credentials} tells, with what. */
export interface CredentialsEvents {
  /** Another credential or another version is held; `before` is absent the first time. */
  readonly change: readonly [now: HeldCredential, before: HeldCredential | undefined]
  readonly trouble: readonly [trouble: Trouble]
}

/** The credential that an application is to use, kept up to date. */
export interface Credentials extends Disposable {
  /** What is held; undefined before the source has answered for the first time. */
  readonly current: HeldCredential | undefined
  /**
   * What is held, or the first that will be: the source is asked until it answers, without giving
   * up. @throws CredentialsError `ERR_CLOSED`; whatever `signal` was aborted with
   */
  get(signal?: AbortSignal): Promise<HeldCredential>
  /**
   * Reads the source anew, past every cache, by a question that comes after this call, and resolves
   * with what is held then. Calls in the same moment share one. Where it fails, what was held
   * before is still held, and `trouble` says why. @throws CredentialsError `ERR_CLOSED`
   */
  refresh(): Promise<HeldCredential>
  /**
   * What stands at one stage now, read past every cache, beside what is held and without changing
   * it: for whoever looks for a password that logs in. @throws CredentialsError
   */
  read(stage: Stage): Promise<HeldCredential>
  on<E extends keyof CredentialsEvents>(event: E, listener: Listener<CredentialsEvents[E]>): this
  off<E extends keyof CredentialsEvents>(event: E, listener: Listener<CredentialsEvents[E]>): this
  /** Ends polling and everybody's waiting. What was held stays readable. May be called twice. */
  close(): void
}

/**
 * Keeps the credential of a source up to date: polls it, reads it anew when asked, and goes on with
 * what it has while the source fails. At most one reading is under way, and an answer never
 * replaces that of a later one. Nothing here keeps the process alive but somebody who waits.
 *
 * @throws CredentialsError `ERR_OPTIONS`
 */
export function createCredentials(
  source: CredentialSource,
  options: CredentialsOptions = {},
): Credentials {
  const keeper = new Keeper(source, settingsOf(options, surroundings.environment))
  keeper.begin()
  return keeper
}

class Keeper implements Credentials {
  readonly #source: CredentialSource
  readonly #settings: Settings
  readonly #listeners = new Listeners<CredentialsEvents>({ change: new Set(), trouble: new Set() })
  readonly #timers = new Timers()
  readonly #closed = new AbortController()
  readonly #first = Promise.withResolvers<HeldCredential>()
  #held: HeldCredential | undefined
  /** Readings are numbered as they begin: the last one, and the one whose answer is held. */
  #begun = 0
  #heldFrom = 0
  #begunAt = -Infinity
  #failures = 0
  #reading: Promise<void> | undefined
  /** The reading that is under way has sent its question. */
  #asked = false
  #fresh = false
  /** The one reading that follows the one that is under way. */
  #next: Promise<void> | undefined
  #cancelPoll: () => void = () => undefined

  constructor(source: CredentialSource, settings: Settings) {
    this.#source = source
    this.#settings = settings
    // Nobody has to wait for it.
    this.#first.promise.catch(() => undefined)
  }

  get current(): HeldCredential | undefined {
    return this.#held
  }

  begin(): void {
    void this.#readSoon(false)
  }

  async get(signal?: AbortSignal): Promise<HeldCredential> {
    signal?.throwIfAborted()
    if (this.#held) return this.#held
    if (!signal) return await this.#timers.during(this.#first.promise)
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await this.#timers.during(Promise.race([this.#first.promise, aborted]))
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async refresh(): Promise<HeldCredential> {
    this.#demandOpen()
    await this.#timers.during(this.#readSoon(true))
    this.#demandOpen()
    return await this.get()
  }

  async read(stage: Stage): Promise<HeldCredential> {
    this.#demandOpen()
    const { signal } = this.#closed
    const answer = (async () => await this.#source({ stage, fresh: true, signal }))()
    try {
      return heldFrom(await this.#timers.during(this.#inTime(answer)))
    } catch (error) {
      throw toCredentialsError(error)
    }
  }

  on<E extends keyof CredentialsEvents>(event: E, listener: Listener<CredentialsEvents[E]>): this {
    this.#listeners.add(event, listener)
    return this
  }

  off<E extends keyof CredentialsEvents>(event: E, listener: Listener<CredentialsEvents[E]>): this {
    this.#listeners.remove(event, listener)
    return this
  }

  close(): void {
    this.#timers.clear()
    this.#closed.abort(closedError())
    this.#first.reject(closedError())
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #demandOpen(): void {
    if (this.#closed.signal.aborted) throw closedError()
  }

  /** A reading that asks from now on: at once, or after the one that is under way. */
  #readSoon(fresh: boolean): Promise<void> {
    if (this.#reading === undefined) return this.#read(fresh)
    if (!this.#asked) {
      this.#fresh ||= fresh
      return this.#reading
    }
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined
      return this.#read(true)
    })
    return this.#next
  }

  /** Never rejects: what goes wrong is told. */
  #read(fresh: boolean): Promise<void> {
    this.#cancelPoll()
    this.#asked = false
    this.#fresh = fresh
    this.#reading = this.#readOnce().finally(() => {
      this.#reading = undefined
      if (!this.#closed.signal.aborted) this.#schedule()
    })
    return this.#reading
  }

  async #readOnce(): Promise<void> {
    try {
      // Whoever asks in the same moment shares this reading.
      await Promise.resolve()
      const restMs = this.#begunAt + this.#settings.cooldownMs - surroundings.now()
      if (restMs > 0) await this.#orClosed(this.#pause(restMs))
      await this.#ask()
      this.#failures = 0
    } catch (error) {
      if (this.#closed.signal.aborted) return
      this.#failures += 1
      this.#listeners.tell('trouble', {
        error: toCredentialsError(error),
        failures: this.#failures,
      })
    }
  }

  /** An answer that comes too late for this reading still counts, unless a later one is held. */
  async #ask(): Promise<void> {
    this.#demandOpen()
    this.#asked = true
    this.#begunAt = surroundings.now()
    const number = ++this.#begun
    const request = {
      stage: 'AWSCURRENT',
      fresh: this.#fresh,
      signal: this.#closed.signal,
    } as const
    const answer = (async () => await this.#source(request))()
    await this.#inTime(answer.then((given) => this.#hold(given, number)))
  }

  /** Until the source counts as slow, or the credentials are closed. */
  async #inTime<T>(work: Promise<T>): Promise<T> {
    const slow = Promise.withResolvers<never>()
    const { timeoutMs } = this.#settings
    const cancel = this.#timers.start(timeoutMs, () => {
      const problem = `the source had not answered after ${timeoutMs} ms`
      slow.reject(new CredentialsError('ERR_SOURCE_SLOW', problem))
    })
    try {
      return await this.#orClosed(Promise.race([work, slow.promise]))
    } finally {
      cancel()
    }
  }

  #hold(answer: SourceAnswer, number: number): void {
    if (this.#closed.signal.aborted || number < this.#heldFrom) return
    const now = heldFrom(answer)
    const before = this.#held
    this.#heldFrom = number
    this.#held = now
    this.#first.resolve(now)
    const same =
      before?.versionId === now.versionId && sameCredential(before.credential, now.credential)
    if (!same) this.#listeners.tell('change', now, before)
  }

  #schedule(): void {
    const { pollMs } = this.#settings
    if (pollMs === 0 && this.#failures === 0) return
    const random = surroundings.chance()
    const pauseMs =
      this.#failures === 0 ? pollPauseMs(pollMs, random) : retryPauseMs(this.#failures, random)
    this.#cancelPoll = this.#timers.start(pauseMs, () => void this.#readSoon(false))
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#timers.start(ms, resolve)
    return promise
  }

  async #orClosed<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#closed
    const { promise: closed, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(closedError())
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    try {
      return await Promise.race([work, closed])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}

function heldFrom(answer: SourceAnswer): HeldCredential {
  const { versionId, value, createdAt } = answer
  if (typeof versionId !== 'string' || versionId === '' || typeof value !== 'string')
    throw new CredentialsError('ERR_SOURCE_ANSWER', 'the source gave no version id or no text')
  const credential = readCredential(new Sensitive(value, 'secret'))
  return { credential, versionId, ...(createdAt instanceof Date && { createdAt }) }
}

function closedError(): CredentialsError {
  return new CredentialsError('ERR_CLOSED', 'these credentials were closed')
}
