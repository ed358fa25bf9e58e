import type { HeldCredential } from '../credentials/credentials.ts'
import { CredentialsError } from '../credentials/errors.ts'
import { surroundings } from '../credentials/surroundings.ts'
import type { Timers } from '../credentials/timers.ts'
import { Detection } from './detection.ts'
import type { DriverPool, PoolDriver } from './driver.ts'
import { Generation } from './generation.ts'
import type { Ending } from './generation.ts'
import { LoginGate } from './login-gate.ts'
import type { RotatingSettings } from './options.ts'
import { Refusals } from './refusals.ts'

/** A pool has begun to serve with another credential. */
export interface Swap {
  /** What it serves with now. */
  readonly versionId: string
  readonly username: string
  /** What it served with before; absent the first time. */
  readonly before?: { readonly versionId: string; readonly username: string }
  /** `refused`: the server has refused a login, and this one was found to work. */
  readonly why: 'first' | 'changed' | 'refused'
  /** As in {@link Counts}, of this swap. */
  readonly secondsToDetect?: number
}

/** A pool that a swap has replaced has ended. */
export interface Drained extends Ending {
  /** What it served with. */
  readonly versionId: string
  readonly username: string
}

/** What has happened so far. */
export interface Counts {
  readonly swaps: number
  readonly refusedLogins: number
  readonly draining: number
  /** Absent before the first credential. */
  readonly secondsSinceSwap?: number
  /**
   * Of the last swap: since the version that serves was made, else its password, as far as source
   * or document say; else since the first refusal of the one before. Absent where neither is known.
   */
  readonly secondsToDetect?: number
}

interface SuccessionOptions<C> {
  readonly driver: PoolDriver<C>
  readonly settings: RotatingSettings
  readonly timers: Timers
  readonly onSwap: (swap: Swap) => void
  readonly onDrained: (drained: Drained) => void
  /** Somebody may be served who could not be before. */
  readonly onFreed: () => void
}

/** Pools of the driver, one after the other: which serves, and how the next takes over. */
export class Succession<C> {
  readonly #options: SuccessionOptions<C>
  readonly #refusals = new Refusals()
  readonly #draining = new Set<Promise<void>>()
  /** Ends a trial that is under way. */
  readonly #trials = new Set<(why: CredentialsError) => void>()
  #serving: Generation<C> | undefined
  /** Trials and swaps come one after the other. */
  #moving: Promise<unknown> = Promise.resolve()
  #ended = false
  #swaps = 0
  #refused = 0
  #swappedAt: number | undefined
  readonly #detection = new Detection()
  #secondsToDetect: number | undefined

  constructor(options: SuccessionOptions<C>) {
    this.#options = options
  }

  get serving(): Generation<C> | undefined {
    return this.#serving
  }

  get counts(): Counts {
    const at = this.#swappedAt
    const secondsToDetect = this.#secondsToDetect
    return {
      swaps: this.#swaps,
      refusedLogins: this.#refused,
      draining: this.#draining.size,
      ...(at !== undefined && { secondsSinceSwap: (surroundings.now() - at) / 1_000 }),
      ...(secondsToDetect !== undefined && { secondsToDetect }),
    }
  }

  /** Whoever asks for the first connection finds out whether its credential logs in. */
  begin(held: HeldCredential): Generation<C> {
    return this.#serving ?? this.#swap(this.#open(held), 'first')
  }

  /**
   * Lets a credential serve, unless it does already, once a pool of its own has made a round trip.
   *
   * @returns what serves with it; undefined where the server refuses it, or has refused it a moment
   *   ago. Rejects with the error of the driver where the server cannot be asked.
   */
  moveTo(held: HeldCredential, why: Swap['why']): Promise<Generation<C> | undefined> {
    const moved = this.#moving.then(async () => {
      const serving = this.#serving
      if (serving?.isFor(held) === true && !serving.gate.isShut) return serving
      return await this.#tryOut(held, why)
    })
    this.#moving = moved.catch(() => undefined)
    return moved
  }

  /** One login beside the pool that serves. @returns false when it was refused */
  async probe({ held, gate }: Generation<C>): Promise<boolean> {
    const trial = this.#options.driver.open(held, true)
    try {
      await this.#prove(trial)
      return true
    } catch (error) {
      if (gate.judge(error)) return false
      throw error
    } finally {
      close(trial)
    }
  }

  /** Every pool ends as a swap ends the one before. */
  async end(): Promise<void> {
    this.#ended = true
    for (const endTrial of this.#trials) endTrial(endedError())
    await this.#moving
    if (this.#serving) this.#drain(this.#serving, () => undefined)
    await Promise.all(this.#draining)
  }

  demandOpen(): void {
    if (this.#ended) throw endedError()
  }

  async #tryOut(held: HeldCredential, why: Swap['why']): Promise<Generation<C> | undefined> {
    this.demandOpen()
    if (!this.#refusals.mayTry(held.credential)) return undefined
    const next = this.#open(held)
    try {
      await this.#prove(next.pool)
      this.#refusals.accepted(held.credential)
      return this.#swap(next, why)
    } catch (error) {
      close(next.pool)
      if (next.gate.judge(error)) return undefined
      throw error
    }
  }

  #open(held: HeldCredential): Generation<C> {
    const { driver, onFreed } = this.#options
    const isRefusal = (error: unknown): boolean => driver.isRefusal(error)
    const gate = new LoginGate(isRefusal, (refusal) => {
      this.#refused += 1
      if (this.#serving?.held === held) this.#detection.refused()
      const isSure = driver.mayBeOutage?.(refusal) !== true
      this.#refusals.refused(held.credential, isSure)
    })
    const pool = driver.open(held, false)
    pool.onFreed(onFreed)
    return new Generation(held, pool, gate)
  }

  #swap(next: Generation<C>, why: Swap['why']): Generation<C> {
    this.demandOpen()
    const last = this.#serving
    this.#serving = next
    this.#swappedAt = surroundings.now()
    if (last) this.#swaps += 1
    const secondsToDetect = last && this.#detection.swapped(next.held, last.held)
    this.#secondsToDetect = secondsToDetect ?? this.#secondsToDetect
    const { onSwap, onDrained, onFreed } = this.#options
    onSwap({
      ...{ ...next.name, ...(last && { before: last.name }), why },
      ...(secondsToDetect !== undefined && { secondsToDetect }),
    })
    if (last) this.#drain(last, onDrained)
    onFreed()
    return next
  }

  #drain(generation: Generation<C>, onDrained: (drained: Drained) => void): void {
    const { settings, timers } = this.#options
    const draining = generation.drain(settings.drainMs, timers).then((ending) => {
      this.#draining.delete(draining)
      onDrained({ ...generation.name, ...ending })
    })
    this.#draining.add(draining)
  }

  /** A server that does not answer is not waited for longer than a login may take. */
  async #prove(pool: DriverPool<C>): Promise<void> {
    this.demandOpen()
    const { promise: cut, reject } = Promise.withResolvers<never>()
    const { settings, timers } = this.#options
    const limitMs = Math.max(1_000, settings.loginWaitMs)
    const problem = `the server had not answered a new connection after ${limitMs} ms`
    const cancel = timers.start(limitMs, () => {
      reject(new CredentialsError('ERR_LOGIN_SLOW', problem))
    })
    this.#trials.add(reject)
    try {
      await Promise.race([pool.prove(), cut])
    } finally {
      this.#trials.delete(reject)
      cancel()
    }
  }
}

/** Of a pool that nobody has used how it ends is no news, and a silent server is not waited for. */
function close<C>(pool: DriverPool<C>): void {
  pool.end().catch(() => undefined)
}

function endedError(): CredentialsError {
  return new CredentialsError('ERR_CLOSED', 'this pool was ended')
}
