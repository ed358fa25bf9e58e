import { USERNAMES } from './names.ts'
import type { Held, Surroundings } from './names.ts'

/** A client that keeps its own copy of a credential, until it stops. */
interface Straggler {
  readonly held: Held
  readonly until: number
}

interface Roll {
  readonly token: string
  readonly left: number[]
  nextAt: number
  failed: boolean
}

/** How long a replaced instance still finishes what it had begun. */
const LINGER_MS = 2_500

/**
 * The application: instances that hold the credential they booted with until they are restarted.
 */
export class Fleet {
  readonly #world: Surroundings
  readonly #configs: ReadonlyMap<string, Held>
  instances: Held[]
  /** Old instances that finish, and clients that nobody told. Each may still log in. */
  stragglers: readonly Straggler[] = []
  /** Rolls that have begun. */
  begun = 0
  /** Tokens of rolls, and which instances are still to be replaced. */
  #roll: Roll | undefined
  readonly #done = new Set<string>()

  constructor(world: Surroundings, configs: ReadonlyMap<string, Held>) {
    this.#world = world
    this.#configs = configs
    this.instances = [1, 2, 3].map(() => this.#published())
  }

  #published(): Held {
    const held = this.#configs.get('web.env')
    if (held === undefined) throw new Error('no config')
    return held
  }

  state(token: string): 'due' | 'rolling' | 'done' | 'failed' {
    if (this.#done.has(token)) return 'done'
    if (this.#roll?.token !== token) return 'due'
    return this.#roll.failed ? 'failed' : 'rolling'
  }

  /** @param again - whoever asks does not know of a roll with this token */
  begin(token: string, again = false): void {
    if (!again && this.state(token) !== 'due') return
    this.#done.delete(token)
    const nextAt = this.#world.now + this.#every()
    this.begun += 1
    this.#roll = { token, left: [0, 1, 2], nextAt, failed: false }
  }

  #every(): number {
    return this.#world.options.rollEveryMs ?? 300
  }

  actUntil(time: number): void {
    while (this.#roll && this.#isDue(this.#roll, time)) {
      this.#replace(this.#roll, this.#roll.nextAt)
      this.#roll.nextAt += this.#every()
    }
    if (this.stragglers.some((straggler) => straggler.until <= time))
      this.stragglers = this.stragglers.filter((straggler) => straggler.until > time)
  }

  #isDue({ failed, left, nextAt }: Roll, time: number): boolean {
    return !failed && left.length > 0 && nextAt <= time
  }

  #replace(roll: Roll, at: number): void {
    const index = roll.left.shift()
    if (index === undefined) return
    const held = this.#published()
    if (this.#isUnhealthy(held)) {
      roll.failed = true
      return
    }
    this.#world.changes += 1
    const old = this.instances[index]
    if (old) this.stragglers = [...this.stragglers, { held: old, until: at + LINGER_MS }]
    this.instances[index] = held
    if (roll.left.length === 0) this.#done.add(roll.token)
  }

  #isUnhealthy(held: Held): boolean {
    const { unhealthyOn: slot, dualPassword } = this.#world.options
    if (slot !== undefined && dualPassword) return held.password !== 'a0-password'
    return slot !== undefined && held.username === USERNAMES[slot]
  }

  /** One pooled session an instance, one a straggler. */
  sessions(): readonly (Held & { readonly id: string })[] {
    const named = (held: Held, id: string): Held & { readonly id: string } => ({ ...held, id })
    return [
      ...this.instances.map((held, index) => named(held, `instance ${index}`)),
      ...this.stragglers.map((straggler) => named(straggler.held, this.#name(straggler))),
    ]
  }

  readonly #names = new Map<Straggler, string>()

  #name(straggler: Straggler): string {
    const name = this.#names.get(straggler) ?? `straggler ${this.#names.size}`
    this.#names.set(straggler, name)
    return name
  }

  /** The server ends these sessions. A straggler does not come back; an instance does, at once. */
  end(ids: readonly string[]): void {
    this.#world.changes += 1
    this.stragglers = this.stragglers.filter((straggler) => !ids.includes(this.#name(straggler)))
  }

  /** Everybody who logs in by right: old instances may finish in a world that has not leaked. */
  consumers(): readonly Held[] {
    if (this.#world.options.urgent) return this.instances
    return [...this.instances, ...this.stragglers.map((straggler) => straggler.held)]
  }
}
