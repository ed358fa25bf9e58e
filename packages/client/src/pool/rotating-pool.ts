import type { Credentials, HeldCredential, Trouble } from '../credentials/credentials.ts'
import { CredentialsError } from '../credentials/errors.ts'
import { pollPauseMs, retryPauseMs } from '../credentials/pauses.ts'
import { surroundings } from '../credentials/surroundings.ts'
import { Timers } from '../credentials/timers.ts'
import type { PoolDriver, Then } from './driver.ts'
import type { Generation } from './generation.ts'
import { Line } from './line.ts'
import type { RotatingSettings } from './options.ts'
import { Pauses } from './pauses.ts'
import { Succession } from './succession.ts'
import type { Counts, Drained, Swap } from './succession.ts'

/** A credential that could not be taken into use yet. What served before still does. */
export interface SwapTrouble {
  readonly error: unknown
  /** Attempts in a row that have failed, from 1. */
  readonly failures: number
}

interface RotatingPoolOptions<C> {
  readonly credentials: Credentials
  readonly driver: PoolDriver<C>
  readonly settings: RotatingSettings
  readonly onSwap: (swap: Swap) => void
  readonly onTrouble: (trouble: SwapTrouble) => void
  readonly onDrained: (drained: Drained) => void
}

/** What is tried where the current credential is refused, in this order. */
const OTHER_STAGES = ['AWSPENDING', 'AWSPREVIOUS'] as const

/**
 * Hands out connections of one pool of the driver after the other. A credential that has changed
 * gets a pool of its own, which takes over once it has made a round trip; the one before is ended
 * when nobody uses it any more. A login that was refused is made once more with whichever
 * credential logs in now: nothing can have run before a login.
 */
export class RotatingPool<C> {
  readonly #options: RotatingPoolOptions<C>
  readonly #timers = new Timers()
  readonly #pauses = new Pauses(this.#timers)
  readonly #line: Line<C>
  readonly #succession: Succession<C>
  readonly #onChange = (): void => void this.#follow()
  readonly #stop = new AbortController()
  #starting: Promise<void> | undefined
  #searching: Promise<Generation<C> | undefined> | undefined
  #following: Promise<void> | undefined
  #ended: Promise<void> | undefined

  constructor(options: RotatingPoolOptions<C>) {
    this.#options = options
    const { driver, settings, onSwap, onDrained, credentials } = options
    const timers = this.#timers
    this.#line = new Line(driver.line, timers)
    const onFreed = (): void => this.#serveLine()
    this.#succession = new Succession({ driver, settings, timers, onSwap, onDrained, onFreed })
    credentials.on('change', this.#onChange)
    this.#scheduleProbe()
  }

  /** What serves now; undefined before the first credential is known. */
  get serving(): Generation<C> | undefined {
    return this.#succession.serving
  }

  /** Requests that wait for a connection. */
  get waiting(): number {
    return this.#line.length
  }

  /** What has happened so far. */
  get counts(): Counts {
    return this.#succession.counts
  }

  /** A round trip, with a connection that is checked out like any other. */
  async ping(): Promise<void> {
    const connection = await this.#retried()
    await this.#options.driver.ping(connection)
  }

  checkOut(then: Then<C>): void {
    const { serving } = this
    if (this.#ended || serving === undefined) settle(this.#checkOut(), then)
    else if (serving.pool.idle > 0) this.#takeIdle(serving, then)
    else if (serving.hasRoom) settle(this.#logIn(serving), then)
    else this.#line.join(then)
  }

  #takeIdle(serving: Generation<C>, then: Then<C>): void {
    serving.pool.checkOut((error, connection) => {
      if (connection === undefined && this.#isForAnother(serving, error))
        settle(this.#again(serving, error), then)
      else then(error, connection)
    })
  }

  /** Whoever waits is served as if he had come now. */
  #serveLine(): void {
    for (let left = this.#line.length; left > 0 && this.#hasMore(); left--) {
      const then = this.#line.next()
      if (then) this.checkOut(then)
    }
  }

  #hasMore(): boolean {
    const { serving } = this
    return serving !== undefined && (serving.pool.idle > 0 || serving.hasRoom)
  }

  /** Hands nothing out any more, and ends every pool as a swap ends the one before. */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    this.#options.credentials.off('change', this.#onChange)
    const ended = new CredentialsError('ERR_CLOSED', 'this pool was ended')
    this.#stop.abort(ended)
    this.#line.close(ended)
    this.#pauses.wake()
    await this.#succession.end()
    this.#timers.clear()
  }

  /** Of a pool that has not begun, or has ended. */
  async #checkOut(): Promise<C> {
    this.#succession.demandOpen()
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined))
    await this.#starting
    return await this.#retried()
  }

  async #retried(): Promise<C> {
    const { promise, resolve, reject } = Promise.withResolvers<C>()
    this.checkOut((error, connection) => {
      if (connection === undefined) reject(error)
      else resolve(connection)
    })
    return await promise
  }

  async #logIn(serving: Generation<C>): Promise<C> {
    try {
      return await serving.logIn()
    } catch (error) {
      if (!this.#isForAnother(serving, error)) throw error
      return await this.#again(serving, error)
    }
  }

  /** Refused at the login, or of a pool that has been replaced meanwhile: nothing has run. */
  #isForAnother(asked: Generation<C>, error: unknown): boolean {
    return asked.gate.judge(error) || (this.serving !== asked && !this.#ended)
  }

  async #again(refused: Generation<C>, error: unknown): Promise<C> {
    this.#succession.demandOpen()
    const found = await this.#timers.during(this.#findAnother(refused))
    if (found === undefined) {
      // Nobody has a connection that could be passed on to whoever waits.
      if (refused.pool.busy === 0) this.#line.close(error)
      throw error
    }
    return await this.#retried()
  }

  /** Nobody waits for ever for a first credential: what is wrong with it is thrown. */
  async #start(): Promise<void> {
    const { credentials, settings } = this.#options
    const limit = new AbortController()
    let why = new CredentialsError('ERR_SOURCE_SLOW', 'no credential is known yet')
    const note = ({ error }: Trouble): void => void (why = error)
    credentials.on('trouble', note)
    const cancel = this.#timers.start(settings.loginWaitMs, () => limit.abort(why))
    try {
      const signal = AbortSignal.any([limit.signal, this.#stop.signal])
      this.#succession.begin(await this.#timers.during(credentials.get(signal)))
    } finally {
      cancel()
      credentials.off('trouble', note)
    }
  }

  /** @returns what serves now; undefined when nothing that was found logs in */
  async #findAnother(refused: Generation<C>): Promise<Generation<C> | undefined> {
    if (this.serving !== refused) return this.serving
    this.#searching ??= this.#search(refused).finally(() => (this.#searching = undefined))
    return await this.#searching
  }

  async #search(refused: Generation<C>): Promise<Generation<C> | undefined> {
    const until = surroundings.now() + this.#options.settings.loginWaitMs
    for (let tries = 1; ; tries++) {
      const found = await this.#searchOnce(refused)
      const restMs = until - surroundings.now()
      if (found || restMs <= 0 || this.#stop.signal.aborted) return found
      await this.#pauses.pause(Math.min(restMs, retryPauseMs(tries, surroundings.chance())))
    }
  }

  /** The current credential, then those beside it. */
  async #searchOnce(refused: Generation<C>): Promise<Generation<C> | undefined> {
    const { credentials } = this.#options
    const readings = [
      () => credentials.refresh(),
      ...OTHER_STAGES.map((stage) => () => credentials.read(stage)),
    ]
    for (const read of readings) {
      if (this.serving !== refused) return this.serving
      try {
        const found = await this.#succession.moveTo(await read(), 'refused')
        if (found) return found
      } catch {
        // No such version, or nobody to be asked: the next may do, or the next time.
      }
    }
    return undefined
  }

  #follow(): Promise<void> {
    this.#pauses.wake()
    this.#following ??= this.#followOn().finally(() => (this.#following = undefined))
    return this.#following
  }

  /** Moves to what is current until it serves, however often that fails. Never rejects. */
  async #followOn(): Promise<void> {
    for (let failures = 1; !this.#stop.signal.aborted; failures++) {
      const held = this.#options.credentials.current
      if (held === undefined || this.serving === undefined || this.serving.isFor(held)) return
      const error = await this.#tryToMoveTo(held)
      if (error === undefined) {
        failures = 0
        continue
      }
      if (this.#stop.signal.aborted) return
      this.#options.onTrouble({ error, failures })
      await this.#pauses.pause(retryPauseMs(failures, surroundings.chance()))
    }
  }

  /** @returns what went wrong */
  async #tryToMoveTo(held: HeldCredential): Promise<unknown> {
    try {
      if (await this.#succession.moveTo(held, 'changed')) return undefined
      return new CredentialsError('ERR_LOGIN_REFUSED', 'the server refuses the new credential')
    } catch (error) {
      return error
    }
  }

  #scheduleProbe(): void {
    const { probeMs } = this.#options.settings
    if (probeMs === 0 || this.#stop.signal.aborted) return
    this.#timers.start(pollPauseMs(probeMs, surroundings.chance()), () => {
      void this.#probe().finally(() => this.#scheduleProbe())
    })
  }

  /** A server that cannot be asked is no news here: whoever needs a connection finds out. */
  async #probe(): Promise<void> {
    const { serving } = this
    if (serving === undefined || this.#searching || serving.gate.isShut) return
    const accepted = await this.#succession.probe(serving).catch(() => true)
    if (!accepted) await this.#findAnother(serving)
  }
}

/** Outside of the promise: what `then` throws is an uncaught exception of its own. */
function settle<C>(work: Promise<C>, then: Then<C>): void {
  work.then(
    (connection) => process.nextTick(then, undefined, connection),
    (error: unknown) => process.nextTick(then, error),
  )
}
