import { encodeSlotDocument } from '@cuedot/client/protocol'
import type {
  Credential,
  LastRecord,
  PasswordChange,
  RotationRecord,
  Sensitive,
  SlotDocument,
  SlotDocumentEdit,
} from '@cuedot/client/protocol'
import type { Action, Subject } from '../../domain/action.ts'
import type { PlanProgress } from '../../domain/approval.ts'
import type { PendingKind, StoreFacts } from '../../domain/observed.ts'
import { homeOf } from '../../domain/initial.ts'
import { other } from '../../domain/slot.ts'
import type { Slot } from '../../domain/slot.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'
import type { Documents } from '../../steps/step.ts'
import { classifyPending } from './classify-pending.ts'
import { placed } from './first.ts'
import { Labelled } from './labelled.ts'
import type { ReadVersions } from './labelled.ts'
import { planProgress } from './plan-progress.ts'
import { closingRecord, openingRecord, rotationFacts, turningRecord } from './record.ts'
import type { RunRecord } from './record.ts'
import { rollNote } from './roll-notes.ts'
import type { RollNote, RollNotes } from './roll-notes.ts'
import { slotOf, type DocumentShape, type SessionMarks } from './shape.ts'
import { versionToken } from './token.ts'

/** The documents of a target with two slots: what its versions hold, and what the next should. */
export class SlotDocuments implements Documents {
  readonly #run: RunRecord
  readonly #shape: DocumentShape
  readonly versions: Labelled<SlotDocument>

  constructor(
    read: ReadVersions<SlotDocument>,
    secret: string,
    run: RunRecord & { readonly shape: DocumentShape },
  ) {
    this.#run = run
    this.#shape = run.shape
    this.versions = new Labelled(read, (version) => run.shape.parse(version, secret))
  }

  /** What the pending version would make of the current one. */
  get #kind(): PendingKind {
    const { current, pending, foreign } = this.versions
    if (foreign) return 'foreign'
    if (pending === undefined) return 'none'
    const kind = classifyPending(current.document, pending.document)
    // A healed document that no longer fits is found again from the consumers.
    return kind === 'heal' && this.#staleFor('A') && this.#staleFor('B') ? 'none' : kind
  }

  get currentId(): string {
    return this.versions.current.version.id
  }

  get pendingId(): string | undefined {
    return this.versions.pending?.version.id
  }

  /** The current document, for whoever shows its state. */
  get document(): SlotDocument {
    return this.versions.current.document
  }

  facts(): StoreFacts {
    const rotation = this.#rotation()
    return {
      active: this.versions.current.document.active,
      pending: this.#kind,
      stale: this.#isStale(),
      ...(rotation && { rotation: rotationFacts(rotation) }),
    }
  }

  /** The id of the open rotation, if there is one. */
  get openRotation(): string | undefined {
    return this.#rotation()?.id
  }

  #rotation(): RotationRecord | undefined {
    const opening = this.#kind === 'open' ? this.versions.pending?.document.rotation : undefined
    return this.versions.current.document.rotation ?? opening
  }

  #isStale(): boolean {
    switch (this.#kind) {
      case 'open':
      case 'retire':
      case 'undo':
        return this.#staleFor(this.#changedSlot())
      case 'turn':
        return this.#staleFor('none')
      default:
        return false
    }
  }

  #staleFor(changed: Slot | 'none'): boolean {
    const pending = this.versions.pending
    if (pending === undefined) return false
    return this.#shape.differs(this.versions.current.document, pending.document, changed)
  }

  /** The slot whose password the pending version may change. */
  #changedSlot(): Slot | 'none' {
    const rotation = this.#rotation()
    if (this.#kind === 'retire') return rotation?.from ?? 'none'
    if (this.#kind === 'open') return rotation && !rotation.heals ? rotation.to : 'none'
    if (this.#kind === 'undo') return rotation?.to ?? other(this.versions.current.document.active)
    return 'none'
  }

  username(subject: Subject): string {
    return this.credential(subject).username
  }

  credential(subject: Subject): Credential {
    return this.versions.current.document.slots[slotOf(subject)]
  }

  stagedPassword(subject: Subject): Sensitive | undefined {
    if (this.#kind === 'none' || this.#kind === 'foreign') return undefined
    return this.versions.pending?.document.slots[slotOf(subject)].password
  }

  subjectOf(session: SessionMarks): Slot | undefined {
    const { active } = this.versions.current.document
    const { rotation } = this.versions.current.document
    const found = this.#shape.slotOf(session, this.versions.documents())
    return found ?? this.#shape.unknown(active, rotation)
  }

  rollToken(): string {
    const { active, rotation } = this.versions.current.document
    const isBack = rotation?.initial !== undefined && rotation.back_out !== undefined
    const id = this.#rotation()?.id ?? this.#run.rotationId()
    return `${id}:${isBack ? 'initial' : active}`
  }

  token(action: Action): string {
    const { currentId, pendingId } = this
    const rotationId = this.#rotation()?.id ?? this.#run.rotationId()
    return versionToken({ rotationId, action, currentId, pendingId })
  }

  /** A version like the current one with these rolls noted: to be staged, never promoted. */
  note(rolls: RollNotes): RollNote {
    return rollNote(this, this.#shape, rolls)
  }

  draft(action: Action, password?: Sensitive): Sensitive {
    return encodeSlotDocument(
      this.#shape.edit(this.versions.current.document, this.#edit(action, password)),
    )
  }

  #edit(action: Action, password: Sensitive | undefined): SlotDocumentEdit {
    const rotation = this.#rotation()
    const returns = action.slot === 'initial' && rotation
    const slot = returns ? homeOf(rotationFacts(rotation)) : slotOf(action.slot)
    const fresh = password && this.#fresh(password)
    const passwords = fresh && { passwords: { [slot]: fresh } }
    switch (action.step) {
      case 'open':
        return { active: slot, ...passwords, ...placed(openingRecord(this.#run, slot)) }
      case 'rehearse':
        return {
          active: slot,
          ...passwords,
          rotation: { ...openingRecord(this.#run, slot), rehearses: true },
        }
      case 'reconcile':
        return {
          active: slot,
          ...this.#named(slot),
          rotation: { ...openingRecord(this.#run, slot), heals: true },
        }
      case 'stage':
        return {
          ...this.#closing(slot, fresh),
          rotation: null,
          last: this.#last(rotation?.heals ? 'healed' : 'rotated'),
        }
      case 'heal':
        return { ...this.#found(slot, password), last: this.#last('healed') }
      case 'turn':
        return {
          active: slot,
          ...(rotation && { rotation: turningRecord(this.#run, rotation, action.why) }),
        }
      case 'undo':
        return {
          ...this.#keep(slot, password),
          rotation: null,
          last: this.#last(
            this.#isRehearsed(slot, password) ? 'rehearsed' : 'backed-out',
            action.why,
          ),
        }
      case 'rebase':
        return this.#rebased()
      default:
        throw new Error(`${action.step} stages nothing`)
    }
  }

  #fresh(password: Sensitive): PasswordChange {
    const id = this.#rotation()?.id ?? this.#run.rotationId()
    return this.#shape.fresh(password, this.#run.now(), id)
  }

  /** A password that consumers had all along; how they name it is not known. */
  #found(slot: Slot, password: Sensitive | undefined): SlotDocumentEdit {
    return password ? { passwords: { [slot]: { password, changedAt: this.#run.now() } } } : {}
  }

  #closing(slot: Slot, fresh: PasswordChange | undefined): SlotDocumentEdit {
    const change = this.#shape.closing(fresh)
    return change === undefined ? {} : { passwords: { [slot]: change } }
  }

  /** A password that sessions could not name yet gets a name. */
  #named(slot: Slot): SlotDocumentEdit {
    const { password, version } = this.versions.current.document.slots[slot]
    const named = this.#fresh(password).version
    if (version !== undefined || named === undefined) return {}
    return { passwords: { [slot]: { password, version: named } } }
  }

  /** The database accepted what a rehearsal had staged. */
  #isRehearsed(slot: Slot, accepted: Sensitive | undefined): boolean {
    const staged = this.stagedPassword(slot)
    const proven = accepted !== undefined && staged !== undefined && accepted.equals(staged)
    return proven && this.#rotation()?.rehearses === true
  }

  #last(outcome: LastRecord['outcome'], turned?: string): LastRecord {
    return closingRecord(this.#run, this.#rotation(), { outcome, why: turned })
  }

  /**
   * A given-up slot keeps whichever of its passwords logs in. If none is known to, a user keeps the
   * staged one, and a second password is none.
   */
  #keep(slot: Slot, accepted: Sensitive | undefined): SlotDocumentEdit {
    const staged = this.versions.pending?.document.slots[slot]
    if (accepted === undefined && this.#shape.givenUp === 'none')
      return { passwords: { [slot]: null } }
    const keepsStaged = staged && (accepted === undefined || accepted.equals(staged.password))
    if (keepsStaged) return { passwords: { [slot]: staged } }
    return accepted ? { passwords: { [slot]: { password: accepted } } } : {}
  }

  #rebased(): SlotDocumentEdit {
    const pending = this.versions.pending?.document
    if (pending === undefined) throw new Error('nothing is pending that could be rebased')
    const changed = this.#changedSlot()
    return {
      active: pending.active,
      ...(changed !== 'none' && { passwords: { [changed]: pending.slots[changed] } }),
      ...(pending.rotation ? placed(pending.rotation) : { rotation: null }),
      last: pending.last ?? null,
    }
  }

  planProgress(hash: string): PlanProgress {
    const { current, pending } = this.versions
    const rotation = this.#rotation()
    const kind = this.#kind
    const turningBack =
      rotation?.back_out !== undefined ||
      kind === 'turn' ||
      (kind === 'undo' && rotation !== undefined)
    return planProgress(hash, {
      current: current.document,
      pending: pending?.document,
      turningBack,
    })
  }

  staged(version: SecretVersion): void {
    this.versions.staged(version)
  }

  promoted(): void {
    this.versions.promoted()
  }

  /** Every password in the versions that are known, to be kept out of what leaves the process. */
  passwords(): readonly Sensitive[] {
    const documents = this.versions.documents()
    return documents.flatMap(({ slots }) => [slots.A.password, slots.B.password])
  }
}
