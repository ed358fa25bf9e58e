import { sameAction } from './action.ts'
import type { Action } from './action.ts'
import type { VersionIds } from './events.ts'
import type { Intent } from './plan.ts'
import type { Slot } from './slot.ts'

/** What a plan rests on: when all of it is the same, the same would be done. */
export interface PlanBasis {
  readonly target: string
  readonly intent: Intent
  /** Hash of what the configuration says about the target. */
  readonly configuration: string
  readonly versions: VersionIds
  readonly active?: Slot
  readonly users: readonly string[]
  readonly endpoints: readonly string[]
  /** Each config target with what it holds, as `web: A`. */
  readonly configs: readonly string[]
  readonly runtimes: readonly string[]
  readonly actions: readonly Action[]
}

/** A plan that a person has approved. `hash` names it in the records of what is done under it. */
export interface ApprovedPlan extends PlanBasis {
  readonly hash: string
}

/** How far a plan has been carried out, as the documents of the secret record it. */
export interface PlanProgress {
  /** True where a version of the secret names the plan. */
  readonly begun: boolean
  /** The last rotation that was closed under it. */
  readonly closedAs?: 'rotated' | 'backed-out' | 'healed' | 'rehearsed' | 'adopted'
  /** True where what is open is being turned back. */
  readonly turningBack: boolean
}

/** What may be done under an approved plan now. */
export type Approval =
  | { readonly kind: 'go' }
  /** It was carried out already, and one plan is good for one rotation. */
  | { readonly kind: 'done' }
  | { readonly kind: 'drifted'; readonly why: readonly string[] }

/**
 * Compares what would be done now with what was approved.
 *
 * Before anything was done under the plan, all that it rests on must be the same; of its actions,
 * the first may have become unnecessary. Once a version of the secret names the plan, the world has
 * moved along it: then each action that is left must be one of the approved, or turn back.
 */
export function judgeApproval(
  approved: ApprovedPlan,
  now: PlanBasis,
  progress: PlanProgress,
): Approval {
  const { closedAs, begun, turningBack } = progress
  const fixed = differences(approved, now, FIXED)
  if (fixed.length > 0) return { kind: 'drifted', why: fixed }
  if (closedAs !== undefined && closedAs === ENDS[approved.intent]) return { kind: 'done' }
  if (closedAs === 'backed-out' && approved.intent !== 'back-out')
    return { kind: 'drifted', why: ['the rotation under this plan was backed out'] }
  if (begun) return within(approved, now, turningBack)
  const why = [...differences(approved, now, MOVING), ...actionDifferences(approved, now)]
  return why.length === 0 ? { kind: 'go' } : { kind: 'drifted', why }
}

/** With what a plan is used up; one without goes on until nothing is left to do. */
const ENDS: Readonly<Partial<Record<Intent, PlanProgress['closedAs']>>> = {
  rotate: 'rotated',
  rehearse: 'rehearsed',
}

type Said = readonly (readonly [string, (basis: PlanBasis) => string])[]

/** What stays the same while a plan is carried out. */
const FIXED: Said = [
  ['target', ({ target }) => target],
  ['command', ({ intent }) => intent],
  ['configuration of the target (hash)', ({ configuration }) => configuration],
  ['users', ({ users }) => listed(users)],
  ['endpoints', ({ endpoints }) => listed(endpoints)],
  ['runtimes', ({ runtimes }) => listed(runtimes)],
]

/** What the plan itself changes. */
const MOVING: Said = [
  ['current version', ({ versions }) => versions.current],
  ['pending version', ({ versions }) => versions.pending ?? 'none'],
  ['active slot', ({ active }) => active ?? 'none'],
  ['config targets', ({ configs }) => listed(configs)],
]

function listed(names: readonly string[]): string {
  return names.join(', ')
}

function differences(approved: PlanBasis, now: PlanBasis, said: Said): readonly string[] {
  return said.flatMap(([name, of]) => {
    const [before, after] = [of(approved), of(now)]
    return before === after ? [] : [`${name}: approved ${before}, now ${after}`]
  })
}

function within(approved: PlanBasis, now: PlanBasis, turningBack: boolean): Approval {
  if (turningBack) return { kind: 'go' }
  const extra = now.actions.filter((action) => !approved.actions.some(same(action)))
  if (extra.length === 0) return { kind: 'go' }
  return { kind: 'drifted', why: [`it is begun, and now needs besides: ${namesOf(extra)}`] }
}

function actionDifferences(approved: PlanBasis, now: PlanBasis): readonly string[] {
  // Of more actions than were approved, some have no counterpart here.
  const rest = approved.actions.slice(approved.actions.length - now.actions.length)
  const isRest = now.actions.every((action, n) => rest.slice(n, n + 1).some(same(action)))
  if (isRest) return []
  const added = now.actions.filter((action) => !approved.actions.some(same(action)))
  const dropped = approved.actions.filter((action) => !now.actions.some(same(action)))
  if (added.length + dropped.length === 0) return ['actions: the same, in another order']
  return [
    ...(added.length > 0 ? [`actions that were not approved: ${namesOf(added)}`] : []),
    ...(dropped.length > 0 ? [`approved actions that are not due: ${namesOf(dropped)}`] : []),
  ]
}

const same =
  (a: Action) =>
  (b: Action): boolean =>
    sameAction(a, b)

function namesOf(actions: readonly Action[]): string {
  return listed(
    actions.map(({ step, slot, where }) =>
      where === undefined ? `${step} ${slot}` : `${step} ${slot} ${where}`,
    ),
  )
}
