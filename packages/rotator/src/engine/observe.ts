import type { InitialFacts, TwoSlotFacts, Observed, SingleUserFacts } from '../domain/observed.ts'
import { other } from '../domain/slot.ts'
import type { Slot } from '../domain/slot.ts'
import type { OwnerState } from '../ports/credential-owner.ts'
import type {
  AdminSession,
  Reference,
  SecondPassword,
  Session,
  UserComparison,
} from '../ports/database.ts'
import type { SecretOwner } from '../ports/secret-store.ts'
import { ownerOf } from '../steps/step.ts'
import type { Fact } from '../steps/step.ts'
import type { Desk } from './desk.ts'
import { ManagedDocuments } from './documents/managed-documents.ts'
import { SlotDocuments } from './documents/slot-documents.ts'
import type { UserDocuments } from './documents/user-documents.ts'
import { observeManaged } from './observe-managed.ts'
import { observeConfigs } from './observe-configs.ts'
import { observePasswords, observeUsers } from './observe-passwords.ts'
import { observeRuntimes } from './observe-runtimes.ts'
import { isPlaceholder } from '@cuedot/client/protocol'

/** Facts that cost a round trip, kept until an action may have changed them. */
interface Kept {
  readonly standby?: UserComparison
  /** The standby user and the active one, by what the configuration says a slot may do. */
  readonly template?: { readonly standby: UserComparison; readonly active: UserComparison }
  readonly configs?: TwoSlotFacts['configs']
  readonly runtimes?: TwoSlotFacts['runtimes']
  readonly sessions?: readonly Session[]
  readonly second?: SecondPassword
  readonly expires?: TwoSlotFacts['expires']
  /** What the owner of a managed credential says. */
  readonly owner?: OwnerState
  /** Whose the secret is; `none` for our own. */
  readonly owned?: SecretOwner | 'none'
}

const KEPT_AS: Readonly<Record<Fact, readonly (keyof Kept)[]>> = {
  logins: ['second', 'expires'],
  'standby-user': ['standby', 'template'],
  configs: ['configs'],
  runtimes: ['runtimes'],
  sessions: ['sessions'],
  owner: ['owner'],
}

/** One user is its own equal. */
const SAME: UserComparison = { state: 'equal', lacks: [] }

/** A date that both slots have is the operator's own, and no rotation's business. */
function isBefore(date: Date | undefined, of: Date | undefined): boolean {
  return date !== undefined && (of === undefined || date < of)
}

/** Reads facts, and reads again only what may have changed. */
export class Observer {
  readonly #desk: Desk
  #kept: Kept = {}
  #lacks: readonly string[] = []
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
    const keys = new Set<string>(facts.flatMap((fact) => KEPT_AS[fact]))
    this.#kept = Object.fromEntries(Object.entries(this.#kept).filter(([key]) => !keys.has(key)))
  }

  forgetAll(): void {
    this.#kept = {}
    this.#fresh.clear()
  }

  /** The facts of these that are known from before the last action. */
  staleAmong(facts: readonly Fact[]): readonly Fact[] {
    const isStale = (key: keyof Kept): boolean =>
      this.#kept[key] !== undefined && !this.#fresh.has(key)
    return facts.filter((fact) => KEPT_AS[fact].some(isStale))
  }

  /** How the standby user falls short, for messages. */
  get lacks(): readonly string[] {
    return this.#lacks
  }

  get sessions(): readonly Session[] {
    return this.#kept.sessions ?? []
  }

  /**
   * The lock comes first: what was read before it may have been changed by whoever held it. What a
   * caller has read (`known`) is from before it, and is doubted like a store that lags.
   */
  async observe(): Promise<Observed> {
    const session = await this.#desk.session()
    const documents = await this.#desk.load()
    if (documents instanceof ManagedDocuments) return this.#managed(documents, session)
    return documents instanceof SlotDocuments
      ? this.#slots(documents, session)
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

  async #slots(documents: SlotDocuments, session: AdminSession): Promise<TwoSlotFacts> {
    const desk = this.#desk
    const { active } = documents.facts()
    const used = documents.username(active)
    const spare = documents.username(other(active))
    const oneUser = used === spare
    const { standby, activeAbsent } = await this.#users(session, used, spare)
    this.#lacks = standby.lacks
    const usernames = oneUser ? [used] : [used, spare]
    const sessions = await this.#keep('sessions', () => session.sessions(usernames, desk.call()))
    const second = await this.#keep('second', async () =>
      oneUser ? await session.hasSecondPassword(used, desk.call()) : 'nowhere',
    )
    const expires = await this.#keep('expires', async () => {
      const A = await session.expiry(documents.username('A'), desk.call())
      const B = await session.expiry(documents.username('B'), desk.call())
      return { A: isBefore(A, B), B: isBefore(B, A) }
    })
    const passwords = oneUser
      ? await observePasswords(desk, documents, second !== 'nowhere')
      : await observeUsers(desk, documents, standby)
    const configs = await this.#keep('configs', () => observeConfigs(desk, documents))
    const runtimes = await this.#keep('runtimes', () => observeRuntimes(desk, documents, configs))
    const { trouble } = desk.evidence
    const initial = this.#initial(documents, activeAbsent)
    return {
      strategy: oneUser ? 'dual-password' : 'alternating',
      store: documents.facts(),
      ...passwords,
      standbyUser: standby.state,
      configs,
      runtimes,
      ...this.#census(documents, sessions),
      expires,
      expiry: desk.target.policy.expireAfterMs !== undefined,
      mayGrant: desk.env.mayGrant === true,
      trustsSecret: desk.env.trustsSecret === true,
      quarantine: desk.target.policy.quarantineMs !== undefined,
      quarantined: desk.evidence.quarantined.has(other(active)),
      urgent: desk.env.urgent === true,
      ...(initial && { initial }),
      ...(trouble && { trouble }),
    }
  }

  /** How the standby user compares with whatever it has to be able to replace. */
  async #users(
    session: AdminSession,
    used: string,
    spare: string,
  ): Promise<{ readonly standby: UserComparison; readonly activeAbsent: boolean }> {
    const desk = this.#desk
    const compare = (reference: Reference, username: string): Promise<UserComparison> =>
      session.compareUsers(reference, username, desk.call())
    const reference = used === spare ? undefined : await desk.reference()
    if (reference === undefined) return { standby: SAME, activeAbsent: false }
    if (typeof reference === 'string') {
      const standby = await this.#keep('standby', () => compare(reference, spare))
      return { standby, activeAbsent: false }
    }
    const { standby, active } = await this.#keep('template', async () => ({
      standby: await compare(reference, spare),
      active: await compare(reference, used),
    }))
    return { standby, activeAbsent: active.state === 'absent' }
  }

  #initial(documents: SlotDocuments, activeAbsent: boolean): InitialFacts | undefined {
    const { evidence, initialLogin } = this.#desk
    const { rotation } = documents.facts()
    if (rotation?.initial && rotation.backOut !== undefined) evidence.returned = true
    if (initialLogin === undefined) return undefined
    return { logsIn: true, activeAbsent, returned: evidence.returned }
  }

  #census(
    documents: SlotDocuments,
    sessions: readonly Session[],
  ): Pick<TwoSlotFacts, 'sessions' | 'quiet'> {
    const { quiet } = this.#desk.evidence
    const count = (slot: Slot): number => {
      const found = sessions.filter((session) => documents.subjectOf(session) === slot).length
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
      urgent: desk.env.urgent === true,
      ...(trouble && { trouble }),
    }
  }
}
