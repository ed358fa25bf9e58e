import type { AlternatingFacts, LoginFacts, Observed, SingleUserFacts } from '../domain/observed.ts'
import { SLOTS, other } from '../domain/slot.ts'
import type { Slot } from '../domain/slot.ts'
import type { OwnerState } from '../ports/credential-owner.ts'
import type { AdminSession, Session, UserComparison } from '../ports/database.ts'
import type { SecretOwner } from '../ports/secret-store.ts'
import { ownerOf } from '../steps/step.ts'
import type { Fact } from '../steps/step.ts'
import type { Desk } from './desk.ts'
import { ManagedDocuments } from './documents/managed-documents.ts'
import { SlotDocuments } from './documents/slot-documents.ts'
import type { UserDocuments } from './documents/user-documents.ts'
import { observeManaged } from './observe-managed.ts'
import { observeConfigs } from './observe-configs.ts'
import { observeRuntimes } from './observe-runtimes.ts'
import { isPlaceholder } from '@cuedot/client/protocol'

/** Facts that cost a round trip, kept until an action may have changed them. */
interface Kept {
  readonly standby?: UserComparison
  readonly configs?: AlternatingFacts['configs']
  readonly runtimes?: AlternatingFacts['runtimes']
  readonly sessions?: readonly Session[]
  /** What the owner of a managed credential says. */
  readonly owner?: OwnerState
  /** Whose the secret is; `none` for our own. */
  readonly owned?: SecretOwner | 'none'
}

const KEPT_AS: Readonly<Record<Fact, keyof Kept | undefined>> = {
  logins: undefined,
  'standby-user': 'standby',
  configs: 'configs',
  runtimes: 'runtimes',
  sessions: 'sessions',
  owner: 'owner',
}

const NO_LOGIN: LoginFacts = { current: false, pending: false, locked: false }

/** Reads facts, and reads again only what may have changed. */
export class Observer {
  readonly #desk: Desk
  #kept: Kept = {}
  /** Facts that were read since the last action. */
  readonly #fresh = new Set<keyof Kept>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** An action was applied: what it touches is unknown, and nothing else is fresh any more. */
  acted(touches: readonly Fact[]): void {
    this.#fresh.clear()
    this.forget(touches)
  }

  forget(facts: readonly Fact[]): void {
    const keys = new Set<string | undefined>(facts.map((fact) => KEPT_AS[fact]))
    this.#kept = Object.fromEntries(Object.entries(this.#kept).filter(([key]) => !keys.has(key)))
  }

  forgetAll(): void {
    this.#kept = {}
    this.#fresh.clear()
  }

  /** The facts of these that are known from before the last action. */
  staleAmong(facts: readonly Fact[]): readonly Fact[] {
    return facts.filter((fact) => {
      const key = KEPT_AS[fact]
      return key !== undefined && this.#kept[key] !== undefined && !this.#fresh.has(key)
    })
  }

  /** How the standby user falls short, for messages. */
  get lacks(): readonly string[] {
    return this.#kept.standby?.lacks ?? []
  }

  get sessions(): readonly Session[] {
    return this.#kept.sessions ?? []
  }

  /** The lock comes first: what was read before it may have been changed by whoever held it. */
  async observe(): Promise<Observed> {
    const session = await this.#desk.session()
    const documents = await this.#desk.load()
    if (documents instanceof ManagedDocuments) return this.#managed(documents, session)
    return documents instanceof SlotDocuments
      ? this.#alternating(documents, session)
      : this.#singleUser(documents, session)
  }

  async #keep<K extends keyof Kept>(
    key: K,
    read: () => Promise<NonNullable<Kept[K]>>,
  ): Promise<NonNullable<Kept[K]>> {
    const known = this.#kept[key]
    if (known !== undefined) return known
    const value = await read()
    this.#kept = { ...this.#kept, [key]: value }
    this.#fresh.add(key)
    return value
  }

  async #alternating(documents: SlotDocuments, session: AdminSession): Promise<AlternatingFacts> {
    const desk = this.#desk
    const { active } = documents.facts()
    const usernames = SLOTS.map((slot) => documents.username(slot))
    const standby = await this.#keep('standby', () =>
      session.compareUsers(
        documents.username(active),
        documents.username(other(active)),
        desk.call(),
      ),
    )
    const sessions = await this.#keep('sessions', () => session.sessions(usernames, desk.call()))
    const login = {
      A: await this.#login('A', documents, standby),
      B: await this.#login('B', documents, standby),
    }
    const configs = await this.#keep('configs', () => observeConfigs(desk, documents))
    const runtimes = await this.#keep('runtimes', () => observeRuntimes(desk, documents))
    const { trouble } = desk.evidence
    return {
      strategy: 'alternating',
      store: documents.facts(),
      login,
      placeholder: {
        A: isPlaceholder(documents.credential('A').password),
        B: isPlaceholder(documents.credential('B').password),
      },
      standbyUser: standby.state,
      configs,
      runtimes,
      ...this.#census(documents, sessions),
      quarantine: desk.target.policy.quarantine,
      ...(trouble && { trouble }),
    }
  }

  async #login(slot: Slot, documents: SlotDocuments, standby: UserComparison): Promise<LoginFacts> {
    const absent = standby.state === 'absent' && slot !== documents.facts().active
    return absent ? NO_LOGIN : this.#desk.logins.facts(slot, documents)
  }

  #census(
    documents: SlotDocuments,
    sessions: readonly Session[],
  ): Pick<AlternatingFacts, 'sessions' | 'quiet'> {
    const { quiet } = this.#desk.evidence
    const count = (slot: Slot): number => {
      const username = documents.username(slot)
      const found = sessions.filter((session) => session.username === username).length
      if (found > 0) quiet.delete(slot)
      return found
    }
    const counted = { A: count('A'), B: count('B') }
    return { sessions: counted, quiet: { A: quiet.has('A'), B: quiet.has('B') } }
  }

  async #managed(documents: ManagedDocuments, session: AdminSession): Promise<Observed> {
    const desk = this.#desk
    const read = {
      owner: await this.#keep('owner', () => ownerOf(desk).owner.state(desk.call())),
      sessions: await this.#keep('sessions', () =>
        session.sessions([documents.username()], desk.call()),
      ),
    }
    return await observeManaged(desk, documents, read)
  }

  async #singleUser(documents: UserDocuments, session: AdminSession): Promise<SingleUserFacts> {
    const desk = this.#desk
    const sessions = await this.#keep('sessions', () =>
      session.sessions([documents.username()], desk.call()),
    )
    const owned = await this.#keep(
      'owned',
      async () => (await desk.target.store.owner(desk.call())) ?? 'none',
    )
    const { current, pending } = await desk.logins.facts('user', documents)
    const { trouble } = desk.evidence
    return {
      strategy: 'single-user',
      ...documents.facts(),
      login: { current, pending, previous: !current && !pending },
      placeholder: isPlaceholder(documents.credential().password),
      sessions: sessions.length,
      ...(owned !== 'none' && { owner: owned.service }),
      ...(trouble && { trouble }),
    }
  }
}
