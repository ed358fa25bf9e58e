import type { Fleet } from './fleet.ts'
import { USERNAMES } from './names.ts'
import type { Held, SlotName, Surroundings } from './names.ts'
import type { SimDocument, SimStore } from './store.ts'

/** What the checker looks at. */
export interface Checked extends Surroundings {
  readonly configs: ReadonlyMap<string, Held>
  readonly fleet: Fleet
  readonly store: SimStore
  readonly adminStore: SimStore
  readonly users: ReadonlyMap<string, { readonly password: string; readonly second?: unknown }>
  username(slot: SlotName): string
  accepts(held: Held, endpoint?: 'writer' | 'replica'): boolean
}

/** Watches the invariants after every effect and whenever time has passed. */
export class Checker {
  readonly #world: Checked
  readonly broken: string[] = []
  #checked = -1
  /** What was broken before the run began is not the run's doing. */
  readonly #exempt = new Set<string>()

  constructor(world: Checked) {
    this.#world = world
  }

  /** Call once the start state is arranged. */
  exemptWhatIsBroken(): void {
    for (const finding of this.#findings()) this.#exempt.add(finding)
  }

  /** Looks again only when something has changed, or when a replica may be catching up. */
  check(where: string): void {
    if (this.#checked === this.#world.changes && !this.#world.options.replicaLagMs) return
    this.#checked = this.#world.changes
    for (const finding of this.#findings()) {
      if (!this.#exempt.has(finding)) this.broken.push(`${finding} ${where}`)
    }
  }

  /** An effect by somebody who does not hold the lock. */
  unlocked(operation: string): void {
    this.broken.push(`I4 ${operation} without the lock`)
  }

  *#findings(): Generator<string> {
    const { configs, fleet } = this.#world
    for (const held of fleet.consumers()) if (!this.#works(held)) yield `I1 ${held.username} in use`
    for (const [id, held] of configs) if (!this.#works(held)) yield `I1 ${held.username} at ${id}`
    for (const slot of ['A', 'B'] as const) if (!this.#isKnown(slot)) yield `I2 slot ${slot}`
    if (!this.#adminIsKnown()) yield 'I2 admin'
    if (!this.#currentLogsIn()) yield 'I3 the active slot of AWSCURRENT does not log in'
  }

  #works(held: Held): boolean {
    return this.#world.accepts(held) && this.#world.accepts(held, 'replica')
  }

  #isKnown(slot: SlotName): boolean {
    const { store, users } = this.#world
    const user = users.get(this.#world.username(slot))
    if (user === undefined || user.password === '') return true
    const { current, pending } = store.truth
    const known = [current, pending].flatMap((id) => passwordsIn(store.document(id), slot))
    return [user.password, user.second].every((live) => live === undefined || known.includes(live))
  }

  #adminIsKnown(): boolean {
    const { adminStore, users } = this.#world
    const { current, pending, previous } = adminStore.truth
    const live = users.get(USERNAMES.admin)?.password
    return [current, pending, previous].some((id) => adminStore.document(id)?.password === live)
  }

  #currentLogsIn(): boolean {
    const { store } = this.#world
    const document = store.document(store.truth.current)
    if (isBeforeFirst(document)) return true
    const slot = document?.active_slot
    const password = slot ? document?.[slot]?.password : document?.password
    return this.#works({ username: this.#world.username(slot ?? 'A'), password: password ?? '' })
  }
}

/** What names no slot that logs in yet, names none again once its first rotation turns back. */
function isBeforeFirst(document: SimDocument | undefined): boolean {
  if (document?.rotation) return 'initial' in document.rotation && 'back_out' in document.rotation
  return document?.[document.active_slot ?? 'A']?.password === 'placeholder'
}

/** The passwords that a document has for a slot's user. */
function passwordsIn(document: SimDocument | undefined, slot: SlotName): readonly unknown[] {
  if (document?.active_slot) return [document[slot]?.password]
  return [document?.password, document?.other_password?.password]
}
