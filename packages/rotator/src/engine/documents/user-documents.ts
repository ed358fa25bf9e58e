import {
  editFlatDocument,
  encodeFlatDocument,
  flatDiffersBeyondRotation,
} from '@cuedot/client/protocol'
import type { Credential, FlatDocument, LastRecord, Sensitive } from '@cuedot/client/protocol'
import type { Action } from '../../domain/action.ts'
import type { SingleUserFacts } from '../../domain/observed.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'
import type { Documents } from '../../steps/step.ts'
import { parseFlatVersion } from './parse-version.ts'
import type { Parsed, RunRecord } from './record.ts'
import { versionToken } from './token.ts'

type Kind = SingleUserFacts['pending']

/** The documents of a single-user target. */
export class UserDocuments implements Documents {
  readonly #run: RunRecord
  readonly #secret: string
  #current: Parsed<FlatDocument>
  #pending: Parsed<FlatDocument> | undefined
  /** Told after each write that the store has confirmed. */
  onConfirmed: (() => void) | undefined
  #kind: Kind

  constructor(
    reading: { current: Parsed<FlatDocument>; pending?: Parsed<FlatDocument>; foreign: boolean },
    secret: string,
    run: RunRecord,
  ) {
    this.#run = run
    this.#secret = secret
    this.#current = reading.current
    this.#pending = reading.pending
    this.#kind = reading.foreign ? 'foreign' : this.#classify()
  }

  /** Ours carries the record of a rotation that the current version does not know yet. */
  #classify(): Kind {
    if (this.#pending === undefined) return 'none'
    const { last, credential } = this.#pending.document
    const current = this.#current.document
    if (last === undefined) return 'foreign'
    // Promoted already; an operator's edit has left AWSPENDING behind.
    if (last.id === current.last?.id) return 'none'
    if (credential.username !== current.credential.username) return 'foreign'
    return last.outcome === 'backed-out' ? 'undo' : 'open'
  }

  get currentId(): string {
    return this.#current.version.id
  }

  get pendingId(): string | undefined {
    return this.#pending?.version.id
  }

  /** The current document, for whoever shows its state. */
  get document(): FlatDocument {
    return this.#current.document
  }

  /** The id of the open rotation, if there is one. */
  get openRotation(): string | undefined {
    return this.#kind === 'open' ? this.#pending?.document.last?.id : undefined
  }

  facts(): Pick<SingleUserFacts, 'pending' | 'stale'> {
    return { pending: this.#kind, stale: this.#isStale() }
  }

  /** True when somebody changed the current version after the pending one was made from it. */
  #isStale(): boolean {
    if (this.#pending === undefined || this.#kind === 'foreign') return false
    return flatDiffersBeyondRotation(this.#current.document, this.#pending.document)
  }

  username(): string {
    return this.#current.document.credential.username
  }

  credential(): Credential {
    return this.#current.document.credential
  }

  stagedPassword(): Sensitive | undefined {
    const staged = this.#kind === 'open' || this.#kind === 'undo'
    return staged ? this.#pending?.document.credential.password : undefined
  }

  rollToken(): string {
    return `${this.#run.rotationId()}:user`
  }

  token(action: Action): string {
    const { currentId, pendingId } = this
    const rotationId = this.#pending?.document.last?.id ?? this.#run.rotationId()
    return versionToken({ rotationId, action, currentId, pendingId })
  }

  draft(action: Action, password?: Sensitive): Sensitive {
    const last = this.#last(action)
    const kept = password ?? this.stagedPassword()
    return encodeFlatDocument(
      editFlatDocument(this.#current.document, { last, ...(kept && { password: kept }) }),
    )
  }

  #last(action: Action): LastRecord {
    const pending = this.#pending?.document.last
    if (action.step === 'rebase' && pending) return pending
    const id = action.step === 'undo' && pending ? pending.id : this.#run.rotationId()
    const closed_at = this.#run.now()
    return action.step === 'undo'
      ? { id, outcome: 'backed-out', closed_at, why: action.why }
      : { id, outcome: 'rotated', closed_at }
  }

  staged(version: SecretVersion): void {
    this.#pending = parseFlatVersion(version, this.#secret)
    this.#kind = this.#classify()
    this.onConfirmed?.()
  }

  promoted(): void {
    if (this.#pending) this.#current = this.#pending
    this.#pending = undefined
    this.#kind = 'none'
    this.onConfirmed?.()
  }

  /** Every password in the versions that are known, to be kept out of what leaves the process. */
  passwords(): readonly Sensitive[] {
    const documents = [this.#current.document, ...(this.#pending ? [this.#pending.document] : [])]
    return documents.map(({ credential }) => credential.password)
  }
}
