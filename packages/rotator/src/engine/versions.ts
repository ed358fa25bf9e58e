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
  /** Stands for the first reading. */
  readonly first: StoreReading | undefined
}

/** The versions that carry the two labels, as one word. */
function stateOf(currentId: string, pendingId: string | undefined): string {
  return `${currentId} ${pendingId ?? ''}`
}

/**
 * Reads the store and never goes back in time: a store may show an older state for a while, so a
 * reading that this run has already seen overtaken is not believed before it has had time to pass.
 */
export class Versions {
  readonly #options: VersionsOptions
  /** States in the order in which this run has seen or made them. */
  #seen: string[] = []
  #wroteAt = -Infinity
  #settled = false
  #first: StoreReading | undefined

  constructor(options: VersionsOptions) {
    this.#options = options
    this.#first = options.first
  }

  /** The store has confirmed that a write of this run has led to this state. */
  confirmed(currentId: string, pendingId: string | undefined): void {
    this.#saw(currentId, pendingId)
    this.#wroteAt = this.#options.clock.now().getTime()
  }

  #saw(currentId: string, pendingId: string | undefined): void {
    const state = stateOf(currentId, pendingId)
    this.#seen = [...this.#seen.filter((known) => known !== state), state]
  }

  async read(): Promise<StoreReading> {
    const { store, call } = this.#options
    let reading = this.#first ?? (await store.read(call()))
    this.#first = undefined
    if (this.#isOvertaken(reading)) {
      await this.#wait()
      reading = await store.read(call())
    }
    this.#saw(reading.current.id, reading.pending?.id)
    return reading
  }

  /** Known to be older; or not what we have just written, and so possibly from before it. */
  #isOvertaken(reading: StoreReading): boolean {
    const { staleReadMs } = this.#options.store.supports
    if (staleReadMs === 0) return false
    const at = this.#seen.indexOf(stateOf(reading.current.id, reading.pending?.id))
    if (at === this.#seen.length - 1) return false
    const justWrote = this.#options.clock.now().getTime() - this.#wroteAt < staleReadMs
    return at !== -1 || justWrote
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
