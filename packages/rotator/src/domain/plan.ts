import type { Action } from './action.ts'
import { decide } from './decide.ts'
import { narrowManaged } from './managed.ts'
import type { Observed } from './observed.ts'
import { predict } from './predict.ts'
import type { RefusalCode } from './refusals.ts'

/**
 * What the operator asked for.
 * - `rotate`: start a rotation, unless one is open: that one is finished instead.
 * - `rehearse`: everything that a rotation does before the flip, and then undone.
 * - `converge`: finish what is open and remove drift; start nothing.
 * - `back-out`: turn the open rotation back.
 */
export type Intent = 'rotate' | 'rehearse' | 'converge' | 'back-out'

/** The one next thing, or why there is none. */
export type Decision =
  | { readonly kind: 'settled' }
  | { readonly kind: 'next'; readonly action: Action }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly why: string }

/** Every action from here to the end, if the world does as it is told. */
export interface Plan {
  readonly actions: readonly Action[]
  /** How it ends; `undecided` only if the fold does not end, which is a bug. */
  readonly end: Exclude<Decision, { readonly kind: 'next' }> | { readonly kind: 'undecided' }
}

/** No plan is longer: 17 steps, and config targets and runtimes twice. */
const LONGEST_PLAN = 400

/** Folds `decide` over `predict`. What it prints is what a run does, as long as nothing fails. */
export function plan(observed: Observed, intent: Intent): Plan {
  const actions: Action[] = []
  let state = observed
  let want = intent
  for (let n = 0; n < LONGEST_PLAN; n++) {
    want = narrowIntent(want, state)
    const decision = decide(state, want)
    if (decision.kind !== 'next') return { actions, end: decision }
    actions.push(decision.action)
    state = predict(state, decision.action)
  }
  return { actions, end: { kind: 'undecided' } }
}

/**
 * An open rotation is finished, never doubled: seeing one uses up the wish to start one. What an
 * urgent run asks for only an urgent rotation can give: another one is finished first.
 */
export function narrowIntent(intent: Intent, observed: Observed): Intent {
  if (observed.strategy === 'managed') return narrowManaged(intent, observed)
  if (intent !== 'rotate' && intent !== 'rehearse') return intent
  return satisfies(observed, intent) ? 'converge' : intent
}

function satisfies(
  o: Exclude<Observed, { strategy: 'managed' }>,
  intent: 'rotate' | 'rehearse',
): boolean {
  if (o.strategy === 'single-user') return o.pending !== 'none' && (!o.urgent || o.pendingUrgent)
  const { rotation } = o.store
  if (rotation === undefined || rotation.heals) return false
  if (rotation.rehearses || intent === 'rehearse')
    return rotation.rehearses && intent === 'rehearse'
  return !o.urgent || rotation.urgent
}
