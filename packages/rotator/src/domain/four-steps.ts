import type { OwnershipPhase } from './adoption.ts'
import { OWNERSHIP_PHASES } from './adoption.ts'
import type { RefusalCode } from './refusals.ts'

/**
 * The steps in which Secrets Manager calls a rotation function, in their order.
 *
 * @see AWS Secrets Manager user guide, "Lambda rotation functions", "Four steps in a rotation
 *   function"
 */
export const ROTATION_STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const

/** One of {@link ROTATION_STEPS}. */
export type RotationStep = (typeof ROTATION_STEPS)[number]

/** How the credential of a secret changes; a slot document is always `alternating`. */
export type FourStepStrategy = 'single-user' | 'alternating' | 'dual-password'

/** What is done about sessions that still use the password that is about to be replaced. */
export type SessionPolicy = 'refuse' | 'wait' | 'proceed'

/** What the secret shows. */
export interface StagingFacts {
  /** Where the version is that this rotation was given. */
  readonly version: 'unknown' | 'unlabelled' | 'pending' | 'current'
  readonly rotation: 'on' | 'off'
  /** The service that alone may change the secret. */
  readonly owner?: string
  /** A rotation of the command line is open in the document. */
  readonly open: boolean
  /** The password that applications are to use is a stand-in. */
  readonly placeholder: boolean
  /**
   * The value of the version. `stale`: it was made from another state of the secret than the
   * current one, or names another user, host or engine. `copy`: it is the current value.
   */
  readonly staged: 'none' | 'fits' | 'stale' | 'copy'
}

/** What the database says to a password: `absent` where there is no such version. */
export type LoginFact = 'accepted' | 'denied' | 'locked' | 'absent'

/** What the database shows. */
export interface AcceptanceFacts {
  readonly strategy: FourStepStrategy
  /** On the writer. */
  readonly staged: LoginFact
  readonly current: LoginFact
  /** Only looked at for a single user, where neither of the others logs in. */
  readonly previous: LoginFact
  /** How the user that is staged compares with the one in use; `equal` for one user. */
  readonly rights: 'absent' | 'partial' | 'equal' | 'differs'
  /** What of the objects that the user in use owns is still to be moved to the owner role. */
  readonly due: readonly OwnershipPhase[]
  /** Why that cannot be done; empty where it can. */
  readonly problems: readonly string[]
  /** Sessions of the user that is staged: they began with the password before. */
  readonly sessions: number
  readonly policy: SessionPolicy
}

/** The effects of a rotation in four steps. */
export type FourStepEffect =
  | 'stage'
  | 'lock'
  | 'release'
  | 'own'
  | 'provision'
  | 'grant'
  | 'wait'
  | 'set'
  | 'promote'
  | 'put-back'

/** The one next effect, that there is none, or why none may be. */
export type FourStepDecision =
  | { readonly kind: 'done'; readonly why: string }
  | { readonly kind: 'next'; readonly effect: FourStepEffect; readonly why: string }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly why: string }

/** What this rotation is to make current is current. */
export const ALREADY_CURRENT: FourStepDecision = {
  kind: 'done',
  why: 'this version is current already',
}

/**
 * Who has asked for a step: Secrets Manager, which has made the version before; a person, who
 * begins a rotation without it; or a person who brings an earlier version back.
 */
export type Asked = 'called' | 'by-hand' | 'restore'

/** Whether a step may look at the secret's values at all; undefined: it may. */
export function decideEntry(
  facts: Pick<StagingFacts, 'version' | 'rotation' | 'owner'>,
  asked: Asked,
): FourStepDecision | undefined {
  if (facts.owner !== undefined) return refuse('SECRET_IS_MANAGED', `its owner is ${facts.owner}`)
  if (facts.version === 'current') return ALREADY_CURRENT
  if (asked === 'by-hand') return undefined
  if (facts.version === 'unknown') return refuse('TOKEN_UNKNOWN', 'no version has this id')
  if (asked === 'restore') return undefined
  if (facts.rotation === 'off') return refuse('ROTATION_OFF', 'RotationEnabled is false')
  if (facts.version === 'unlabelled')
    return refuse('TOKEN_NOT_PENDING', 'the version does not have the label AWSPENDING')
  return undefined
}

/**
 * What `createSecret` is to do.
 *
 * @param staged - what the database says to a staged password that does not fit
 */
export function decideCreate(
  facts: StagingFacts,
  { staged, strategy }: Pick<AcceptanceFacts, 'staged' | 'strategy'>,
): FourStepDecision {
  if (facts.open) return refuse('ROTATION_OPEN', 'the document records an open rotation')
  if (facts.placeholder) return refuse('PLACEHOLDER', 'the secret holds a stand-in')
  if (facts.staged === 'fits') return done('the version has its value already')
  if (facts.staged === 'none') return next('stage', 'the version has no value yet')
  if (facts.staged !== 'stale' || staged !== 'accepted')
    return next('release', 'it is not what the current version would lead to')
  return strategy === 'alternating'
    ? next('lock', 'nobody uses the second user yet, and its password is about to be forgotten')
    : refuse('STAGED_IN_FORCE', 'the database accepts the staged password')
}

/**
 * What stands against the other steps before the database is asked. A copy of the current value is
 * what Secrets Manager tests a new configuration with.
 *
 * @see AWS Secrets Manager API reference, RotateSecret, RotateImmediately
 */
export function decideStaged(
  step: RotationStep,
  { open, staged }: StagingFacts,
): FourStepDecision | undefined {
  if (open) return refuse('ROTATION_OPEN', 'the document records an open rotation')
  if (staged === 'none') return refuse('NOT_STAGED', 'createSecret has not given it a value')
  const isMeant = staged === 'fits' || (staged === 'copy' && step === 'testSecret')
  return isMeant
    ? undefined
    : refuse('STAGED_STALE', 'it is not what the current version would lead to')
}

/** What `setSecret` is to do. */
export function decideSet(facts: AcceptanceFacts): FourStepDecision {
  const { staged, rights } = facts
  const isReady = staged === 'accepted' && rights === 'equal' && facts.due.length === 0
  if (isReady) return done('the database accepts the staged password')
  return facts.strategy === 'alternating' ? secondUser(facts) : onlyUser(facts)
}

/** The user that is staged is nobody's yet, so that everything about it comes before its login. */
function secondUser(facts: AcceptanceFacts): FourStepDecision {
  const { due, rights, current } = facts
  if (current !== 'accepted') return refuse('CURRENT_DENIED', `it is ${current}`)
  if (due.length > 0) return move(facts)
  if (rights === 'absent' || rights === 'partial')
    return next('provision', 'there is no second user that is complete')
  if (rights === 'differs') return next('grant', 'the second user may do less than the first')
  if (facts.sessions === 0 || facts.policy === 'proceed')
    return next('set', 'the database does not accept the staged password yet')
  const who = `${facts.sessions} sessions began with the password before`
  return facts.policy === 'wait' ? next('wait', who) : refuse('STANDBY_IN_USE', who)
}

function move({ due, problems }: AcceptanceFacts): FourStepDecision {
  if (problems.length > 0) return refuse('ADOPT_OWNERSHIP', problems.join('; '))
  const phase = OWNERSHIP_PHASES.find((one) => due.includes(one)) ?? ''
  return next('own', `what the user owns is to belong to an owner role (${phase})`)
}

function onlyUser({ strategy, current, previous }: AcceptanceFacts): FourStepDecision {
  const isIn = current === 'accepted' || (strategy === 'single-user' && previous === 'accepted')
  return isIn
    ? next('set', 'the database does not accept the staged password yet')
    : refuse('CURRENT_DENIED', 'neither the current, the staged nor the previous password logs in')
}

/** What `testSecret` finds, where the login was tried on every endpoint. */
export function decideTest(facts: Pick<AcceptanceFacts, 'staged' | 'rights'>): FourStepDecision {
  if (facts.rights !== 'equal')
    return refuse('PRIVILEGES_DIFFER', 'setSecret has not given the user all that it needs')
  if (facts.staged !== 'accepted')
    return refuse('STAGED_DENIED', `the staged password is ${facts.staged}`)
  return done('the staged password logs in everywhere')
}

/**
 * What `finishSecret` is to do: nothing becomes current that was not proven in this very step.
 * Where the store has refused the move for good, one user's password goes back to the one that
 * applications read.
 */
export function decideFinish(
  facts: Pick<AcceptanceFacts, 'staged' | 'rights' | 'strategy'>,
  promotion: 'open' | 'refused',
): FourStepDecision {
  const tested = decideTest(facts)
  if (promotion === 'open') return tested.kind === 'done' ? next('promote', tested.why) : tested
  return facts.strategy === 'single-user' && facts.staged === 'accepted'
    ? next(
        'put-back',
        'the label AWSCURRENT cannot be moved, and applications read the old password',
      )
    : done('applications read a password that works')
}

function done(why: string): FourStepDecision {
  return { kind: 'done', why }
}

function next(effect: FourStepEffect, why: string): FourStepDecision {
  return { kind: 'next', effect, why }
}

function refuse(code: RefusalCode, why: string): FourStepDecision {
  return { kind: 'refused', code, why }
}
