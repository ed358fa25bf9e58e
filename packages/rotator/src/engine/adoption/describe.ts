import { planAdoption } from '../../domain/adoption.ts'
import type { AdoptionStep } from '../../domain/adoption.ts'
import type { RefusalCode } from '../../domain/refusals.ts'
import type { Desk } from '../desk.ts'
import type { Seen } from './observe.ts'

/** One step of an adoption, and each thing that it changes, one line each. */
export interface AdoptionPlanStep {
  readonly step: AdoptionStep
  readonly title: string
  readonly changes: readonly string[]
}

/** What `adopt` would do. */
export interface PlannedAdoption {
  readonly target: string
  readonly steps: readonly AdoptionPlanStep[]
  readonly end:
    | { readonly kind: 'settled' }
    | { readonly kind: 'refused'; readonly code: RefusalCode; readonly why: string }
  /** What a person should know before, one line each. */
  readonly warnings: readonly string[]
  readonly state: string
}

/** What each step does, as an operator would say it. */
export const ADOPTION_TITLES: Readonly<Record<AdoptionStep, string>> = {
  owner: 'Make the owner role and give it what the running user has',
  objects: 'Give the owner role what the running user owns',
  defaults: 'Copy default privileges to the owner role',
  login: 'Let the running user work as the owner role',
  record: 'Stage the slot document',
  adopt: 'Make the slot document the current version',
}

/** The plan, computed by what runs it. */
export function describeAdoption(desk: Desk, seen: Seen): PlannedAdoption {
  const { steps, end } = planAdoption(seen.facts)
  return {
    target: desk.target.name,
    steps: steps.map((step) => ({
      step,
      title: ADOPTION_TITLES[step],
      changes: changesOf(desk, seen, step),
    })),
    end: end.kind === 'refused' ? { ...end, why: seen.details } : end,
    warnings: steps.includes('adopt') ? warnings(desk, seen) : [],
    state: describeAdopted(seen),
  }
}

function changesOf(desk: Desk, seen: Seen, step: AdoptionStep): readonly string[] {
  const { secret } = desk.target.store
  if (step === 'adopt') return [`AWSCURRENT of secret ${secret} moves to that version`]
  if (step !== 'record')
    return seen.ownership.changes.filter(({ phase }) => phase === step).map(({ line }) => line)
  const { running, standby, dropped } = seen
  const slots =
    `secret ${secret} gets a version: slot A is user ${running?.username ?? ''} with the ` +
    `password it has, slot B is user ${standby} with a stand-in`
  if (dropped.length === 0) return [slots]
  return [slots, `keys that hold the password do not survive: ${dropped.join(', ')}`]
}

function warnings(desk: Desk, { facts, ownership, running }: Seen): readonly string[] {
  const found: string[] = []
  const { secret } = desk.target.store
  if (facts.document === 'flat')
    found.push(
      `whoever reads secret ${secret} as a flat document (username and password at top) ` +
        'finds a slot document afterwards; if there are such readers besides this target, ' +
        'give the target a secret of its own',
    )
  if (ownership.changes.some(({ phase }) => phase === 'login'))
    found.push(
      `in sessions of user ${running?.username ?? ''} that begin afterwards, current_user is ` +
        `${ownership.owner}; session_user stays`,
    )
  return found
}

/** Where the target stands, in a sentence or two. */
export function describeAdopted({ facts, running, standby }: Seen): string {
  if (facts.document === 'open') return 'The target is adopted, and a rotation is open.'
  if (facts.document === 'slots') {
    const user = running?.username ?? ''
    return `The active slot is user ${user}, which logs in with the password it had.`
  }
  const secret = 'The secret is what it was.'
  if (running === undefined) return `${secret} Nothing was changed in the database.`
  const staged = facts.pending === 'adoption' ? ` A slot document with ${standby} is staged.` : ''
  return `${secret}${staged} User ${running.username} logs in with the password it had.`
}
