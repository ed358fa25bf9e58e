import type { Credential, Sensitive } from '@cuedot/client/protocol'
import type { Action, StepName, Subject } from '../domain/action.ts'
import type { EventPayload, StepEvidence } from '../domain/events.ts'
import type { LoginFacts } from '../domain/observed.ts'
import { other } from '../domain/slot.ts'
import type { Slot } from '../domain/slot.ts'
import { RotatorError } from '../errors.ts'
import type { AdminSession, Reference, SecondPassword, Session } from '../ports/database.ts'
import type { Call } from '../ports/call.ts'
import type { Clock } from '../ports/clock.ts'
import type { CredentialOwner, OwnerState } from '../ports/credential-owner.ts'
import type { SecretVersion } from '../ports/secret-store.ts'
import type { Target } from '../ports/target.ts'

/** A group of facts that is observed together and that an action may change. */
export type Fact = 'logins' | 'standby-user' | 'configs' | 'runtimes' | 'sessions' | 'owner'

/** The documents of the target's secret: what they hold, and what the next version should hold. */
export interface Documents {
  username(subject: Subject): string
  /** The credential in the current version. */
  credential(subject: Subject): Credential
  /** The password in the pending version; undefined without one. */
  stagedPassword(subject: Subject): Sensitive | undefined
  /** The text of the version that this action stages; `password` is the slot's in that version. */
  draft(action: Action, password?: Sensitive): Sensitive
  /**
   * Names the version that this action stages: the same action on the same state, the same token.
   */
  token(action: Action): string
  /** Whose password this session was begun with, or counts as: see `TwoSlotFacts.sessions`. */
  subjectOf(session: Session): Subject | undefined
  readonly currentId: string
  readonly pendingId: string | undefined
  /** The store has confirmed a staged version. */
  staged(version: SecretVersion): void
  /** The store has confirmed that the pending version is the current one. */
  promoted(): void
  /** Names the roll of runtimes towards the active slot. */
  rollToken(): string
}

/** What is known about which passwords the database accepts. */
export interface Logins {
  /** A password that was made just now and that no database has been told. */
  unset(subject: Subject, password: Sensitive): void
  /** The database may have changed its mind about this user. */
  forget(subject: Subject): void
  /** The password of this user that the database is known to accept. */
  accepted(subject: Subject): Sensitive | undefined
  /** Which of the document's passwords of this subject log in; asks the database where unknown. */
  facts(subject: Subject, documents: Documents): Promise<LoginFacts>
  /** True when the credential logs in on the writer; for credentials that belong to no slot. */
  works(credential: Credential): Promise<boolean>
  /** Waits until every endpoint accepts the password. @throws ERR_DEADLINE */
  prove(subject: Subject, password: Sensitive, credential: Credential): Promise<void>
  /**
   * Waits until every pooler accepts the password; asks each only once in a run. For a password
   * that consumers are about to use: a pooler may keep a session of the user open afterwards.
   * @throws ERR_POOLER
   */
  provePoolers(subject: Subject, password: Sensitive, credential: Credential): Promise<void>
}

/** What a run remembers about the rotation that an owner makes. It dies with the run. */
export interface OwnerRequest {
  /** Whether this run has asked; see `ManagedFacts`. */
  asked: 'no' | 'maybe' | 'yes'
  /** A rotation was seen under way, or what came of one, whoever asked for it. */
  seen: boolean
  /** What the owner said just before it was asked. */
  before: OwnerState['state'] | undefined
  /** How often this run has sent a request. */
  sent: number
  /** The id of the current version when this run began to look. */
  baseline: string | undefined
}

/** What a step works with. */
export interface StepContext {
  readonly target: Target
  readonly documents: Documents
  readonly logins: Logins
  readonly clock: Clock
  /** Aborts when the run is asked to stop: waits end early, effects do not. */
  readonly stop: AbortSignal
  /** For a managed target: what this run has asked of the credential's owner. */
  readonly ownerRequest: OwnerRequest
  /**
   * Reads the secret again and forgets what was known about its password.
   * @returns whether its current version is another one than when the run began to look
   */
  reread(): Promise<boolean>
  /** The admin session with the target's lock; opened when first needed. */
  session(): Promise<AdminSession>
  /** A call with the policy's deadline. */
  call(): Call
  freshPassword(subject: Subject): Sensitive
  /** The initial user's credential, just as this config target held it before the rotation. */
  initialCredential(where: string): Credential
  /** Whom the user of the standby slot must be able to replace. */
  reference(): Promise<Reference>
  /** The working password of this slot that a config target holds and the document lacks. */
  foundPassword(subject: Subject): Sensitive | undefined
  emit(event: EventPayload): void
  /** What this action has seen for itself; told when it has been applied. */
  noted(evidence: StepEvidence): void
  /** The slot was watched for the whole quiet window and nobody was there. */
  sawQuiet(subject: Subject): void
  /** The slot's quarantine was watched to its end, and nobody missed it. */
  sawQuarantine(subject: Subject): void
  /**
   * Writes down by what a new process knows the roll again, unless it is written already or
   * something else is pending. @throws ERR_STORE_*
   */
  noteRoll(runtimeId: string, receipt: string): Promise<void>
  /** What was noted of rolls counts for nothing any more. @throws ERR_STORE_* */
  forgetRolls(): Promise<void>
  /** A roll that will not be waited for any longer. */
  gaveUp(runtimeId: string, why: string): void
}

/** One line of the runbook. */
export interface Step {
  readonly name: StepName
  /** What it does, as an operator would say it. */
  readonly title: string
  /** False from the point of no return on. */
  readonly reversible: boolean
  /** Facts that must have been observed since the last action before this one may be applied. */
  readonly requires: readonly Fact[]
  /** Facts that may be different afterwards. */
  readonly touches: readonly Fact[]
  /** The one effect. Applying it again after it has had its effect must be harmless. */
  apply(action: Action, context: StepContext): Promise<void>
}

/** Nothing asked, nothing seen. */
export function newOwnerRequest(): OwnerRequest {
  return { asked: 'no', seen: false, before: undefined, sent: 0, baseline: undefined }
}

/** A managed target's owner, and what this run has asked of it. */
export interface Owned {
  readonly owner: CredentialOwner
  readonly request: OwnerRequest
}

/** @throws when the target has no owner: decide must not ask for this */
export function ownerOf({ target, ownerRequest: request }: StepContext): Owned {
  if (target.owner === undefined) throw new Error('the target has no owner to ask')
  return { owner: target.owner, request }
}

/**
 * Learns from what the owner says: that a rotation is under way, or that one has failed since it
 * was asked. A request that may have been lost has arrived then.
 */
export function noteOwner(request: OwnerRequest, state: OwnerState['state']): void {
  const failed = state === 'impaired' && request.asked !== 'no' && request.before === 'ready'
  if (state !== 'busy' && !failed) return
  request.seen = true
  if (request.asked === 'maybe') request.asked = 'yes'
}

/** Writes the version that the action calls for and remembers that it is pending. */
export async function stageVersion(
  action: Action,
  context: StepContext,
  password?: Sensitive,
): Promise<void> {
  const { documents, target } = context
  const value = documents.draft(action, password)
  const version = await target.store.stage(value, documents.token(action), context.call())
  documents.staged(version)
}

/**
 * Proves the staged password where consumers will log in. The pending version is about to become
 * the current one.
 */
export async function proveWhereUsed(
  { slot }: Action,
  { documents, logins }: StepContext,
): Promise<void> {
  // It is no password of ours, and consumers had it a moment ago.
  if (slot === 'initial') return
  const password = documents.stagedPassword(slot)
  const credential = documents.credential(slot)
  await logins.provePoolers(slot, password ?? credential.password, credential)
}

/** As {@link stageVersion}, with a password that nobody has seen yet. */
export async function stageFresh(action: Action, context: StepContext): Promise<void> {
  const fresh = context.freshPassword(action.slot)
  await stageVersion(action, context, fresh)
  context.logins.unset(action.slot, fresh)
}

/**
 * Makes the pending version the current one, if the current one is still the one it was made from.
 */
export async function promotePending(context: StepContext): Promise<void> {
  const { documents, target } = context
  const { pendingId, currentId } = documents
  if (pendingId === undefined) throw new Error('nothing is pending: decide must not ask for this')
  await target.store.promote(pendingId, currentId, context.call())
  documents.promoted()
}

/** The slot that is not this one. */
export function slotBeside(subject: Subject): Slot {
  if (subject === 'user' || subject === 'initial')
    throw new Error(`beside ${subject} there is no other slot`)
  return other(subject)
}

const POLL_MS = 250

/**
 * Waits until every endpoint knows of a change of the passwords of one user. A login that a replica
 * still refuses would count against the account, so none is tried before.
 * @throws ERR_DEADLINE
 */
export async function untilSecondPassword(
  wanted: SecondPassword,
  username: string,
  context: StepContext,
): Promise<void> {
  const { clock, stop, target } = context
  const limitMs = target.policy.proveLimitMs
  const begun = clock.now().getTime()
  const session = await context.session()
  while ((await session.hasSecondPassword(username, context.call())) !== wanted) {
    const operation = 'the passwords of the user to be the same on every endpoint'
    if (stop.aborted || clock.now().getTime() - begun >= limitMs)
      throw new RotatorError('ERR_DEADLINE', { operation, limitMs })
    await clock.sleep(POLL_MS, stop)
  }
}

/** Gives the subject's user its staged password and waits until every endpoint accepts it. */
export async function setStagedPassword(action: Action, context: StepContext): Promise<void> {
  const { documents, logins, target } = context
  const password = documents.stagedPassword(action.slot)
  if (password === undefined) throw new Error('I2: no password may be set that is not staged')
  const session = await context.session()
  logins.forget(action.slot)
  await session.setPassword(documents.username(action.slot), password, context.call())
  await logins.prove(action.slot, password, documents.credential(action.slot))
  context.noted({ loggedInOn: target.database.endpoints })
}
