import type { Surroundings } from './names.ts'

/** A slot document or a flat one, as far as the checker looks into it. */
export interface SimDocument {
  readonly active_slot?: 'A' | 'B'
  readonly A?: { readonly password: string }
  readonly B?: { readonly password: string }
  readonly password?: string
  readonly other_password?: { readonly password: string }
  readonly password_slot?: 'A' | 'B'
  readonly rotation?: { readonly id: string }
  readonly last?: { readonly id: string }
}

interface Version {
  readonly id: string
  readonly value: string
  readonly createdAt: number
}

interface State {
  readonly versions: ReadonlyMap<string, Version>
  readonly current: string
  readonly pending: string | undefined
  readonly previous: string | undefined
}

/**
 * A versioned secret with labels, whose reads may show the state before the last write for a while.
 */
export class SimStore {
  readonly #world: Surroundings
  #state: State
  #before: State
  #writtenAt = -Infinity
  #reads = 0
  readonly #parsed = new Map<string, SimDocument>()

  constructor(world: Surroundings, value: string) {
    this.#world = world
    const first: Version = { id: 'v0', value, createdAt: world.now }
    this.#state = {
      versions: new Map([['v0', first]]),
      current: 'v0',
      pending: undefined,
      previous: undefined,
    }
    this.#before = this.#state
  }

  get truth(): State {
    return this.#state
  }

  /** What stands in a version, parsed once. */
  document(id: string | undefined): SimDocument | undefined {
    const version = id === undefined ? undefined : this.#state.versions.get(id)
    if (version === undefined) return undefined
    const known = this.#parsed.get(version.id)
    if (known) return known
    const document = parse(version.value)
    this.#parsed.set(version.id, document)
    return document
  }

  /** Every second read within the window is stale. */
  look(): State {
    const window = this.#world.options.staleReadMs ?? 0
    const young = this.#world.now - this.#writtenAt < window
    return young && this.#reads++ % 2 === 0 ? this.#before : this.#state
  }

  /** The version that carries a label, as a reader sees it now. */
  labelled(label: 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'): Version | undefined {
    const { versions, current, pending, previous } = this.look()
    const id = { AWSCURRENT: current, AWSPENDING: pending, AWSPREVIOUS: previous }[label]
    return id === undefined ? undefined : versions.get(id)
  }

  #write(next: State): void {
    this.#world.changes += 1
    this.#before = this.#state
    this.#state = next
    this.#writtenAt = this.#world.now
  }

  /** @returns undefined when the token is taken by another value. */
  stage(value: string, token: string): Version | undefined {
    const known = this.#state.versions.get(token)
    if (known) return known.value === value ? known : undefined
    const version: Version = { id: token, value, createdAt: this.#world.now }
    const versions = new Map(this.#state.versions).set(token, version)
    this.#write({ ...this.#state, versions, pending: token })
    return version
  }

  /** @returns false when AWSCURRENT is not where the caller thinks. */
  promote(id: string, expected: string): boolean {
    const { current, versions } = this.#state
    if (current === id) return true
    if (current !== expected || !versions.has(id)) return false
    this.#write({ ...this.#state, current: id, previous: current })
    return true
  }

  /** Somebody else writes the secret: AWSCURRENT moves at once. */
  overwrite(value: string): void {
    const id = `x${this.#state.versions.size}`
    const versions = new Map(this.#state.versions)
    versions.set(id, { id, value, createdAt: this.#world.now })
    this.#write({ ...this.#state, versions, current: id, previous: this.#state.current })
    this.#before = this.#state
  }
}

/** What cannot be read has no slot and no password. */
function parse(value: string): SimDocument {
  try {
    return JSON.parse(value) as SimDocument
  } catch {
    return {}
  }
}
