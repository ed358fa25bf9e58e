import type { Credential, FlatDocument, Sensitive } from '@cuedot/client/protocol'
import type { PlanProgress } from '../../domain/approval.ts'
import type { SecretVersion, StoreReading } from '../../ports/secret-store.ts'
import type { Documents, OwnerRequest } from '../../steps/step.ts'
import { Labelled } from './labelled.ts'
import { parseFlatVersion, parseForeign } from './parse-version.ts'
import type { RunRecord } from './record.ts'
import type { SessionMarks } from './shape.ts'

/**
 * The documents of a secret that its owner writes: they are read and nothing else. What is pending
 * is the owner's, whatever it holds.
 */
export class ManagedDocuments implements Documents {
  readonly versions: Labelled<FlatDocument>
  readonly #run: Pick<RunRecord, 'rotationId'>
  readonly #request: OwnerRequest

  /** @throws ERR_DOCUMENT_* when the current version is no flat document. */
  constructor(
    reading: StoreReading,
    secret: string,
    run: Pick<RunRecord, 'rotationId'> & { readonly request: OwnerRequest },
  ) {
    const parse = (version: SecretVersion): ReturnType<typeof parseFlatVersion> =>
      parseFlatVersion(version, secret)
    const pending = parseForeign(reading.pending, parse)
    this.versions = new Labelled({ current: parse(reading.current), ...pending }, parse)
    this.#run = run
    this.#request = run.request
  }

  get currentId(): string {
    return this.versions.current.version.id
  }

  get pendingId(): string | undefined {
    return this.versions.pending?.version.id
  }

  get document(): FlatDocument {
    return this.versions.current.document
  }

  /** When the owner made the password: nobody else writes this secret. */
  get changedAt(): string {
    return this.versions.current.version.createdAt.toISOString()
  }

  /** A rotation that this run has asked for or has seen under way. */
  get openRotation(): string | undefined {
    const { asked, seen } = this.#request
    return seen || asked !== 'no' ? this.#run.rotationId() : undefined
  }

  subjectOf({ username }: SessionMarks): 'user' | undefined {
    return username === this.username() ? 'user' : undefined
  }

  /** Its owner writes the secret, so nothing in it can name a plan. */
  planProgress(): PlanProgress {
    return { begun: false, turningBack: false }
  }

  username(): string {
    return this.credential().username
  }

  credential(): Credential {
    return this.document.credential
  }

  /** Nothing of ours is ever staged here. */
  stagedPassword(): undefined {
    return undefined
  }

  draft(): never {
    throw new Error('I2: only its owner writes a managed secret')
  }

  token(): never {
    return this.draft()
  }

  staged(): never {
    return this.draft()
  }

  promoted(): never {
    return this.draft()
  }

  rollToken(): string {
    return `${this.#run.rotationId()}:user`
  }

  /** Every password in the versions that are known, to be kept out of what leaves the process. */
  passwords(): readonly Sensitive[] {
    return this.versions.documents().map(({ credential }) => credential.password)
  }
}
