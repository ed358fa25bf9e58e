import type { Call } from '../ports/call.ts'
import type { Clock } from '../ports/clock.ts'
import type { SecretStore, StoreReading } from '../ports/secret-store.ts'
import type { EventPayload } from '../domain/events.ts'

interface VersionsOptions {
  readonly store: SecretStore
  readonly clock: Clock
  readonly stop: AbortSignal
  readonly call: () => Call
  readonly emit: (event: EventPayload) => void
}

/**
 * Reads the store and does not believe a reading that is older than what this run has written:
 * a store may show an older state for a while.
 */
export class Versions {
  readonly #options: VersionsOptions
  #written: { currentId: string; pendingId: string | undefined; at: number } | undefined
  #settled = false

  constructor(options: VersionsOptions) {
    this.#options = options
  }

  /** The store has confirmed this state. */
  confirmed(currentId: string, pendingId: string | undefined): void {
    this.#written = { currentId, pendingId, at: this.#options.clock.now().getTime() }
  }

  async read(): Promise<StoreReading> {
    const { store, call } = this.#options
    const reading = await store.read(call())
    if (!this.#isOlder(reading)) return reading
    await this.#wait()
    return store.read(call())
  }

  #isOlder(reading: StoreReading): boolean {
    const written = this.#written
    if (written === undefined) return false
    const age = this.#options.clock.now().getTime() - written.at
    if (age >= this.#options.store.supports.staleReadMs) return false
    return reading.current.id !== written.currentId || reading.pending?.id !== written.pendingId
  }

  /**
   * Waits until what an earlier process wrote must be visible, once a run.
   * @returns false when there is nothing to wait for, so that the reading stands.
   */
  async settle(): Promise<boolean> {
    if (this.#settled || this.#options.store.supports.staleReadMs === 0) return false
    this.#settled = true
    await this.#wait()
    return !this.#options.stop.aborted
  }

  async #wait(): Promise<void> {
    const { store, clock, stop, emit } = this.#options
    const waitMs = store.supports.staleReadMs
    emit({ code: 'STORE_SETTLING', waitMs })
    await clock.sleep(waitMs, stop)
  }
}
