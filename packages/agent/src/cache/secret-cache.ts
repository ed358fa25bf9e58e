import { StoreFailure } from '../store/store-failure.ts'
import type { Question, SecretStore } from '../store/store.ts'
import type { SecretVersion } from '../store/secret-version.ts'
import type { Clock, Timer } from '../surroundings.ts'
import { FreshReads } from './fresh-reads.ts'
import { Lru } from './lru.ts'
import { ReadingOrder } from './reading-order.ts'

/** How a cache keeps secrets. */
export interface CacheOptions {
  /** How long an answer is served without asking, in milliseconds. 0: nothing is kept. */
  readonly ttlMs: number
  /** How many answers are kept. */
  readonly size: number
  /** An answer that has expired is served while Secrets Manager cannot be asked. */
  readonly ignoreTransientErrors: boolean
  readonly clock: Clock
  /** Is told of every answer that is newer than all before it. */
  readonly seen?: (question: Question, version: SecretVersion) => void
}

interface Entry {
  readonly version: SecretVersion
  freshUntil: number
}

/** A look for something newer, which all share who want it. */
interface Look {
  readonly done: Promise<SecretVersion>
  /** Is done when it has taken so long that an expired answer is better. */
  readonly late: Promise<void>
}

/** How long a request waits for a newer answer when there is an expired one, in milliseconds. */
export const PATIENCE_MS = 1000

/** While Secrets Manager cannot be asked: how long until it is tried again, in milliseconds. */
export const HOLD_MS = 30_000

/**
 * Answers of Secrets Manager, kept by secret, version and stage. What has expired is first looked
 * at with DescribeSecret, and read again only when the label has moved. Refusals are not kept.
 *
 * @see aws/aws-secretsmanager-agent, `aws_secretsmanager_caching/src/lib.rs`: get_secret_value,
 *   refresh_secret_value, is_current
 */
export class SecretCache {
  readonly #store: SecretStore
  readonly #options: CacheOptions
  readonly #entries: Lru<Entry>
  readonly #order = new ReadingOrder()
  readonly #looks = new Map<string, Look>()
  readonly #fresh = new Map<string, FreshReads<SecretVersion>>()

  constructor(store: SecretStore, options: CacheOptions) {
    this.#store = store
    this.#options = options
    this.#entries = new Lru(options.size)
  }

  /** How many answers are kept. */
  get size(): number {
    return this.#entries.size
  }

  /** The answer that is kept, or a new one. @throws StoreFailure */
  async get(question: Question): Promise<SecretVersion> {
    const { ttlMs, clock, ignoreTransientErrors } = this.#options
    if (ttlMs === 0) return await this.refresh(question)
    const key = keyOf(question)
    const entry = this.#entries.get(key)
    if (entry && clock.now() < entry.freshUntil) return entry.version
    const look = this.#look(question)
    if (!entry || !ignoreTransientErrors) return await look.done
    const late = look.late.then(() => (this.#entries.get(key) ?? entry).version)
    return await Promise.race([look.done, late])
  }

  /** An answer to a request that is sent from now on. @throws StoreFailure; nothing is forgotten */
  async refresh(question: Question): Promise<SecretVersion> {
    const key = keyOf(question)
    const reads = this.#fresh.get(key) ?? new FreshReads()
    this.#fresh.set(key, reads)
    try {
      return await reads.ask(() => this.#order.during(key, () => this.#read(question)))
    } finally {
      if (reads.isIdle) this.#fresh.delete(key)
    }
  }

  /** As for an answer that has expired, however old it is. @throws StoreFailure */
  async revalidate(question: Question): Promise<SecretVersion> {
    return await this.#look(question).done
  }

  #look(question: Question): Look {
    const key = keyOf(question)
    const running = this.#looks.get(key)
    if (running) return running
    const late = Promise.withResolvers<void>()
    const timer: Timer = this.#options.clock.startTimer(PATIENCE_MS, late.resolve)
    const done = this.#order
      .during(key, () => this.#renew(question))
      .finally(() => {
        timer.cancel()
        this.#looks.delete(key)
      })
    // Whoever has lost patience does not hear of it any more.
    done.catch(() => undefined)
    const look = { done, late: late.promise }
    this.#looks.set(key, look)
    return look
  }

  async #renew(question: Question): Promise<SecretVersion> {
    const key = keyOf(question)
    let order = 0
    const send = (): number => (order = this.#order.next())
    try {
      return (await this.#confirm(question, send)) ?? (await this.#read(question, send))
    } catch (error) {
      const held = this.#entries.get(key)
      if (!held || !(error instanceof StoreFailure)) throw error
      if (error.isTransient) return this.#stale(held, error)
      // An answer to a later request is newer than this refusal.
      if (!this.#order.settle(key, order)) return held.version
      this.#entries.delete(key)
      throw error
    }
  }

  #stale(held: Entry, failure: StoreFailure): SecretVersion {
    const { clock, ttlMs, ignoreTransientErrors } = this.#options
    if (!ignoreTransientErrors) throw failure
    held.freshUntil = Math.max(held.freshUntil, clock.now() + Math.min(ttlMs, HOLD_MS))
    return held.version
  }

  /** What is kept, if that is still the version that was asked for. */
  async #confirm(question: Question, send: () => number): Promise<SecretVersion | undefined> {
    const held = this.#entries.get(keyOf(question))
    if (!held) return undefined
    const order = send()
    const { stagesOf, isDeleted } = await this.#store.describe(question.secretId)
    const { versionId, versionStage } = question
    const stages = stagesOf.get(versionId ?? held.version.versionId)
    const stage = versionStage ?? (versionId === undefined ? 'AWSCURRENT' : undefined)
    const isHeld = stages !== undefined && (stage === undefined || stages.includes(stage))
    if (isDeleted || !isHeld) return undefined
    return this.#keep(question, held.version.labelled(stages), order)
  }

  async #read(question: Question, send = () => this.#order.next()): Promise<SecretVersion> {
    const order = send()
    return this.#keep(question, await this.#store.read(question), order)
  }

  /** @returns the newer of this answer and the one that is kept */
  #keep(question: Question, version: SecretVersion, order: number): SecretVersion {
    const { ttlMs, clock, seen } = this.#options
    const key = keyOf(question)
    if (!this.#order.settle(key, order)) return this.#entries.get(key)?.version ?? version
    if (ttlMs > 0) this.#entries.set(key, { version, freshUntil: clock.now() + ttlMs })
    seen?.(question, version)
    return version
  }
}

/** An absent id is no empty one: in a list JSON spells it null. */
function keyOf({ secretId, versionId, versionStage }: Question): string {
  return JSON.stringify([secretId, versionId, versionStage])
}
