import type { SecretVersion } from '../../ports/secret-store.ts'
import type { Parsed } from './record.ts'

/** What a store was found to hold, parsed. `foreign`: something is pending that is not ours. */
export interface ReadVersions<D> {
  readonly current: Parsed<D>
  readonly pending?: Parsed<D>
  readonly foreign: boolean
}

/** The two versions that count, and how they change when the store confirms a write. */
export class Labelled<D> {
  readonly #parse: (version: SecretVersion) => Parsed<D>
  current: Parsed<D>
  pending: Parsed<D> | undefined
  /** True when what is pending is no document of ours. */
  foreign: boolean
  /** Told after each write that the store has confirmed. */
  onConfirmed: (() => void) | undefined

  constructor(read: ReadVersions<D>, parse: (version: SecretVersion) => Parsed<D>) {
    this.#parse = parse
    this.current = read.current
    this.pending = read.pending
    this.foreign = read.foreign
  }

  staged(version: SecretVersion): void {
    this.pending = this.#parse(version)
    this.foreign = false
    this.onConfirmed?.()
  }

  promoted(): void {
    if (this.pending) this.current = this.pending
    this.pending = undefined
    this.foreign = false
    this.onConfirmed?.()
  }

  /** The parsed versions that are known. */
  documents(): readonly D[] {
    return [this.current, ...(this.pending ? [this.pending] : [])].map(({ document }) => document)
  }
}
