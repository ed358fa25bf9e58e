import {
  editFlatDocument,
  encodeFlatDocument,
  flatDiffersBeyondRotation,
} from '@cuedot/client/protocol'
import type { Credential, FlatDocument, LastRecord, Sensitive } from '@cuedot/client/protocol'
import type { Action } from '../../domain/action.ts'
import type { PlanProgress } from '../../domain/approval.ts'
import type { SingleUserFacts } from '../../domain/observed.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'
import type { Documents } from '../../steps/step.ts'
import { parseFlatVersion } from './parse-version.ts'
import { Labelled } from './labelled.ts'
import type { ReadVersions } from './labelled.ts'
import { planProgress } from './plan-progress.ts'
import type { RunRecord } from './record.ts'
import type { SessionMarks } from './shape.ts'
import { versionToken } from './token.ts'

type Kind = SingleUserFacts['pending']

/** The documents of a single-user target. */
export class UserDocuments implements Documents {
  readonly #run: RunRecord
  readonly versions: Labelled<FlatDocument>

  constructor(read: ReadVersions<FlatDocument>, secret: string, run: RunRecord) {
    this.#run = run
    this.versions = new Labelled(read, (version) => parseFlatVersion(version, secret))
  }

  /** Ours carries the record of a rotation that the current version does not know yet. */
  get #kind(): Kind {
    const { current, pending, foreign } = this.versions
    if (foreign) return 'foreign'
    if (pending === undefined) return 'none'
    const { last, credential } = pending.document
    if (last === undefined) return 'foreign'
    // Promoted already; an operator's edit has left AWSPENDING behind.
    if (last.id === current.document.last?.id) return 'none'
    if (credential.username !== current.document.credential.username) return 'foreign'
    return last.outcome === 'backed-out' ? 'undo' : 'open'
  }

  get currentId(): string {
    return this.versions.current.version.id
  }

  get pendingId(): string | undefined {
    return this.versions.pending?.version.id
  }

  /** The current document, for whoever shows its state. */
  get document(): FlatDocument {
    return this.versions.current.document
  }

  /** The id of the open rotation, if there is one. */
  get openRotation(): string | undefined {
    return this.#kind === 'open' ? this.versions.pending?.document.last?.id : undefined
  }

  facts(): Pick<SingleUserFacts, 'pending' | 'stale' | 'pendingUrgent'> {
    const pendingUrgent = this.versions.pending?.document.last?.urgent === true
    return { pending: this.#kind, stale: this.#isStale(), pendingUrgent }
  }

  /** True when somebody changed the current version after the pending one was made from it. */
  #isStale(): boolean {
    if (this.versions.pending === undefined || this.#kind === 'foreign') return false
    return flatDiffersBeyondRotation(this.versions.current.document, this.versions.pending.document)
  }

  username(): string {
    return this.versions.current.document.credential.username
  }

  credential(): Credential {
    return this.versions.current.document.credential
  }

  subjectOf({ username }: SessionMarks): 'user' | undefined {
    return username === this.username() ? 'user' : undefined
  }

  stagedPassword(): Sensitive | undefined {
    const staged = this.#kind === 'open' || this.#kind === 'undo'
    return staged ? this.versions.pending?.document.credential.password : undefined
  }

  rollToken(): string {
    return `${this.#run.rotationId()}:user`
  }

  token(action: Action): string {
    const { currentId, pendingId } = this
    const rotationId = this.versions.pending?.document.last?.id ?? this.#run.rotationId()
    return versionToken({ rotationId, action, currentId, pendingId })
  }

  draft(action: Action, password?: Sensitive): Sensitive {
    const last = this.#last(action)
    const kept = password ?? this.stagedPassword()
    return encodeFlatDocument(
      editFlatDocument(this.versions.current.document, { last, ...(kept && { password: kept }) }),
    )
  }

  #last(action: Action): LastRecord {
    const pending = this.versions.pending?.document.last
    if (action.step === 'rebase' && pending) return pending
    const id = action.step === 'undo' && pending ? pending.id : this.#run.rotationId()
    const closed_at = this.#run.now()
    const hash = this.#run.plan ?? pending?.plan
    const plan = hash === undefined ? {} : { plan: hash }
    return action.step === 'undo'
      ? { id, outcome: 'backed-out', closed_at, why: action.why, ...plan }
      : { id, outcome: 'rotated', closed_at, ...(this.#run.urgent && { urgent: true }), ...plan }
  }

  planProgress(hash: string): PlanProgress {
    const { current, pending } = this.versions
    const turningBack = this.#kind === 'undo'
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
    return documents.map(({ credential }) => credential.password)
  }
}
