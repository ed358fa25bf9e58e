import type { RefusalCode } from './refusals.ts'

/**
 * What becomes of the things that a user owns, so that a second user can take its place.
 * - `owner`: the owner role is there, has what the user has, and the user is its member.
 * - `objects`: what the user owns belongs to the owner role.
 * - `defaults`: what the owner role creates is granted like what the user creates.
 * - `login`: whoever logs in as the user works as the owner role.
 */
export type OwnershipPhase = 'owner' | 'objects' | 'defaults' | 'login'

/** The phases in the order in which the application never lacks anything. */
export const OWNERSHIP_PHASES: readonly OwnershipPhase[] = ['owner', 'objects', 'defaults', 'login']

/** `record` stages the slot document; `adopt` makes it the current version. */
export type AdoptionStep = OwnershipPhase | 'record' | 'adopt'

/** Everything that {@link decideAdoption} may look at. */
export interface AdoptionFacts {
  /** What the current version is. `open`: a slot document with an open rotation. */
  readonly document: 'flat' | 'stand-in' | 'slots' | 'open'
  /** `adoption`: staged by an earlier run, and just what this one would stage. */
  readonly pending: 'none' | 'adoption' | 'foreign'
  /**
   * The credential that runs today, from what config targets and the document hold. `admin`: it is
   * the admin's own.
   */
  readonly running: 'proven' | 'unknown' | 'contradictory' | 'denied' | 'admin'
  /**
   * The user of slot B. `taken`: there is one of this name and nobody has said that it is meant;
   * `in-use`: it is meant, and has sessions.
   */
  readonly standby: 'free' | 'taken' | 'in-use'
  /** Phases of which something is still to be done. */
  readonly due: readonly OwnershipPhase[]
  /** False when what is due cannot be done. */
  readonly movable: boolean
}

/** The one next step, or why there is none. */
export type AdoptionDecision =
  | { readonly kind: 'settled' }
  | { readonly kind: 'next'; readonly step: AdoptionStep }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

const settled: AdoptionDecision = { kind: 'settled' }

function refuse(code: RefusalCode): AdoptionDecision {
  return { kind: 'refused', code }
}

/**
 * Decides what adopting needs next. Whatever is refused is refused before the first change; the
 * secret changes last, so that until then whoever reads it finds what it always held.
 */
export function decideAdoption(facts: AdoptionFacts): AdoptionDecision {
  if (facts.document === 'open') return settled
  const refusal = refusalOf(facts)
  if (refusal !== undefined) return refuse(refusal)
  const phase = OWNERSHIP_PHASES.find((one) => facts.due.includes(one))
  if (phase !== undefined) return { kind: 'next', step: phase }
  if (facts.document === 'slots') return settled
  return { kind: 'next', step: facts.pending === 'adoption' ? 'adopt' : 'record' }
}

const RUNNING: Readonly<Record<AdoptionFacts['running'], RefusalCode | undefined>> = {
  proven: undefined,
  unknown: 'ADOPT_UNKNOWN',
  contradictory: 'ADOPT_CONTRADICTION',
  denied: 'ADOPT_DENIED',
  admin: 'ADOPT_ADMIN',
}

function refusalOf(facts: AdoptionFacts): RefusalCode | undefined {
  const { document, pending, running, standby, due, movable } = facts
  const fresh = document !== 'slots'
  if (fresh && pending === 'foreign') return 'PENDING_FOREIGN'
  const unfit = RUNNING[running]
  if (unfit !== undefined) return unfit
  if (fresh && standby === 'taken') return 'ADOPT_STANDBY'
  if (fresh && standby === 'in-use') return 'STANDBY_IN_USE'
  return due.length > 0 && !movable ? 'ADOPT_OWNERSHIP' : undefined
}

/** What the facts are once a step has had its effect. */
export function predictAdoption(facts: AdoptionFacts, step: AdoptionStep): AdoptionFacts {
  if (step === 'record') return { ...facts, pending: 'adoption' }
  if (step === 'adopt') return { ...facts, document: 'slots', pending: 'none' }
  return { ...facts, due: facts.due.filter((phase) => phase !== step) }
}

/** Every step from here to the end, and how it ends. */
export interface AdoptionPlan {
  readonly steps: readonly AdoptionStep[]
  readonly end: Exclude<AdoptionDecision, { readonly kind: 'next' }>
}

/** Six steps are all there are. */
const LONGEST = 6

/** Folds {@link decideAdoption} over {@link predictAdoption}. */
export function planAdoption(facts: AdoptionFacts): AdoptionPlan {
  const steps: AdoptionStep[] = []
  let state = facts
  while (steps.length <= LONGEST) {
    const decision = decideAdoption(state)
    if (decision.kind !== 'next') return { steps, end: decision }
    steps.push(decision.step)
    state = predictAdoption(state, decision.step)
  }
  throw new Error('I5: the adoption does not end')
}
