import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import type { Subject } from '../domain/action.ts'
import type { EventPayload, StepEvidence, VersionIds } from '../domain/events.ts'
import { generatePassword } from '../domain/password.ts'
import { RotatorError } from '../errors.ts'
import type { AdminSession, Reference } from '../ports/database.ts'
import type { Call } from '../ports/call.ts'
import type { Target } from '../ports/target.ts'
import { newOwnerRequest } from '../steps/step.ts'
import type { OwnerRequest, StepContext } from '../steps/step.ts'
import { ManagedDocuments } from './documents/managed-documents.ts'
import { returning } from './documents/first.ts'
import { notedRolls } from './documents/roll-notes.ts'
import type { RollNotes } from './documents/roll-notes.ts'
import { SlotDocuments } from './documents/slot-documents.ts'
import type { UserDocuments } from './documents/user-documents.ts'
import { readSlotDocuments, readUserDocuments } from './documents/read.ts'
import { SHAPES } from './documents/shape.ts'
import type { Environment } from './environment.ts'
import { Evidence } from './evidence.ts'
import { guardTarget } from './guard.ts'
import { LoginBook } from './logins.ts'
import { KnownSecrets } from './secrets.ts'
import { SessionHolder } from './session.ts'
import { Versions } from './versions.ts'

/** The documents of any kind of target. */
export type AnyDocuments = SlotDocuments | UserDocuments | ManagedDocuments

/**
 * Everything one run works with: the guarded ports, the documents it has read, what it knows about
 * logins, its admin session. Steps see it as their {@link StepContext}.
 */
export class Desk implements StepContext {
  readonly target: Target
  readonly env: Environment
  readonly secrets: KnownSecrets = new KnownSecrets()
  readonly evidence: Evidence = new Evidence()
  readonly logins: LoginBook
  readonly sessions: SessionHolder
  readonly versions: Versions
  readonly ownerRequest: OwnerRequest = newOwnerRequest()
  /** The id that the next rotation opened by this run gets. */
  #rotationId: string
  /** The rotation that was open last. */
  #workedOn: string | undefined
  #documents: AnyDocuments | undefined
  /** The login that the admin session was opened with. */
  #admin: Credential | undefined

  constructor(target: Target, env: Environment, lock: 'take' | 'look') {
    this.env = env
    this.#rotationId = env.random.uuid()
    this.target = guardTarget(target, { secrets: this.secrets, clock: env.clock })
    const { clock, stop, by, known } = env
    const { store, database, policy } = this.target
    const call = (): Call => this.call()
    const emit = (event: EventPayload): void => this.emit(event)
    // A store that never lags is never doubted, so what is from before the lock is not for it.
    const first = store.supports.staleReadMs > 0 ? known?.store : undefined
    this.versions = new Versions({ store, clock, stop, call, emit, first })
    this.logins = new LoginBook({ database, clock, policy, stop, call })
    this.sessions = new SessionHolder({
      clock,
      target: this.target,
      holder: `cuedot ${by}`,
      ...{ lock, call, known: known?.admin },
      opened: (credential, denied) => {
        this.secrets.add(credential.password)
        if (target.admin === target.store) this.logins.note('user', credential.password, denied)
        this.#admin = credential
      },
    })
  }

  /** As whom consumers run before their first rotation, where the target has such a user. */
  get initialLogin(): Credential | undefined {
    return this.target.initial && this.#admin
  }

  initialCredential(where: string): Credential {
    const { initialLogin: login, documents } = this
    if (login === undefined || !(documents instanceof SlotDocuments))
      throw new Error('the target has no initial user')
    const { username, password } = login
    return returning(documents.document, where, { username, password })
  }

  async reference(): Promise<Reference> {
    const { target, documents } = this
    if (!(documents instanceof SlotDocuments)) throw new Error('a target with one user has no slot')
    const { active } = documents.facts()
    if (target.initial === undefined) return documents.username(active)
    const { current } = await this.logins.facts(active, documents)
    return current ? documents.username(active) : target.initial
  }

  get clock(): Environment['clock'] {
    return this.env.clock
  }

  get stop(): AbortSignal {
    return this.env.stop
  }

  call(): Call {
    return { signal: this.env.clock.deadline(this.target.policy.callLimitMs) }
  }

  emit(event: EventPayload): void {
    const rotationId = this.openRotationId() ?? this.#workedOn
    this.#workedOn = rotationId
    this.env.events.emit({
      ...this.secrets.scrubFields(event),
      at: this.env.clock.now().toISOString(),
      target: this.target.name,
      ...(rotationId !== undefined && { rotationId }),
    })
  }

  noted(evidence: StepEvidence): void {
    this.evidence.noteStep(evidence)
  }

  /** The labelled versions as far as this run knows; empty before the store was read. */
  versionIds(): { readonly versions?: VersionIds } {
    if (this.#documents === undefined) return {}
    const { currentId: current, pendingId: pending } = this.#documents
    return { versions: { current, ...(pending !== undefined && { pending }) } }
  }

  /** The rotation that is open as far as this run knows. */
  openRotationId(): string | undefined {
    return this.#documents?.openRotation
  }

  get documents(): AnyDocuments {
    if (this.#documents === undefined) throw new Error('the store has not been read yet')
    return this.#documents
  }

  /** Reads the store unless it has been read since the last doubt. */
  async load(): Promise<AnyDocuments> {
    this.#documents ??= await this.#read()
    return this.#documents
  }

  async #read(): Promise<AnyDocuments> {
    const reading = await this.versions.read()
    const { by, reason, urgent = false, approved } = this.env
    const now = (): string => this.env.clock.now().toISOString()
    const plan = approved && { plan: approved.hash }
    const rotation = { rotationId: () => this.#rotationId, initial: () => this.evidence.initial }
    const run = { ...rotation, by, reason, urgent, now, ...plan }
    const { strategy, store } = this.target
    const documents =
      strategy === 'managed'
        ? new ManagedDocuments(reading, store.secret, { ...run, request: this.ownerRequest })
        : strategy === 'single-user'
          ? readUserDocuments(reading, store.secret, run)
          : readSlotDocuments(reading, store.secret, { ...run, shape: SHAPES[strategy] })
    this.#demandNoAdmin(documents)
    documents.versions.onConfirmed = () => this.#confirmed(documents)
    for (const password of documents.passwords()) this.secrets.add(password)
    return documents
  }

  /** Who changes the password of a slot must not lose its own by it. */
  #demandNoAdmin(documents: AnyDocuments): void {
    const { secret } = this.target.store
    if (!(documents instanceof SlotDocuments) || this.#admin === undefined) return
    const { username } = this.#admin
    const slot = (['A', 'B'] as const).find((name) => documents.username(name) === username)
    if (slot === undefined) return
    const problem = `slot ${slot} is ${username}, as whom cuedot changes passwords`
    throw new RotatorError('ERR_DOCUMENT_SLOT_IS_ADMIN', { secret, problem })
  }

  #confirmed(documents: AnyDocuments): void {
    this.versions.confirmed(documents.currentId, documents.pendingId)
    if (documents.document.last?.id === this.#rotationId) this.#rotationId = this.env.random.uuid()
  }

  async reread(): Promise<boolean> {
    this.#documents = undefined
    this.logins.forget('user')
    const { currentId } = await this.load()
    return currentId !== this.ownerRequest.baseline
  }

  session(): Promise<AdminSession> {
    return this.sessions.get()
  }

  freshPassword(subject: Subject): Sensitive {
    const bytes = (count: number): Uint8Array => this.env.random.bytes(count)
    const text = generatePassword(this.target.policy.password, bytes)
    const password = new Sensitive(
      text,
      `fresh password of ${subject === 'user' ? 'the user' : `slot ${subject}`}`,
    )
    this.secrets.add(password)
    return password
  }

  foundPassword(subject: Subject): Sensitive | undefined {
    return this.evidence.found.get(subject)
  }

  sawQuiet(subject: Subject): void {
    this.evidence.quiet.add(subject)
  }

  sawQuarantine(subject: Subject): void {
    this.evidence.quarantined.add(subject)
  }

  async noteRoll(runtimeId: string, receipt: string): Promise<void> {
    const { documents } = this
    if (!(documents instanceof SlotDocuments) || documents.facts().pending !== 'none') return
    const noted = notedRolls(documents)
    if (noted[runtimeId] !== receipt) await this.#note({ ...noted, [runtimeId]: receipt })
  }

  async forgetRolls(): Promise<void> {
    const { documents } = this
    if (!(documents instanceof SlotDocuments)) return
    if (Object.keys(notedRolls(documents)).length > 0) await this.#note({})
  }

  async #note(rolls: RollNotes): Promise<void> {
    const { documents, target } = this
    if (!(documents instanceof SlotDocuments)) return
    const { value, token } = documents.note(rolls)
    documents.staged(await target.store.stage(value, token, this.call()))
  }

  gaveUp(runtimeId: string, why: string): void {
    this.evidence.givenUp.set(`${runtimeId} ${this.documents.rollToken()}`, why)
  }

  /** Nothing that was known before is to be believed: the next observation asks again. */
  async doubt(): Promise<void> {
    this.#documents = undefined
    this.logins.forgetAll()
    await this.sessions.drop()
  }
}
