import { judgeApproval } from '../domain/approval.ts'
import type { PlanBasis } from '../domain/approval.ts'
import type { Observed } from '../domain/observed.ts'
import { narrowIntent, plan } from '../domain/plan.ts'
import type { Decision, Intent } from '../domain/plan.ts'
import { timeText, windowState } from '../domain/windows.ts'
import { isRotatorError } from '../errors.ts'
import type { AnyRotatorError } from '../errors.ts'
import type { Desk } from './desk.ts'

/** Whether a run may take its first action. */
export type Admission =
  | { readonly kind: 'go' }
  | Extract<Decision, { readonly kind: 'refused' }>
  /** The approved plan was carried out already. */
  | { readonly kind: 'done'; readonly plan: string }
  /** What happens could not be recorded. */
  | { readonly kind: 'failed'; readonly error: AnyRotatorError }

/**
 * Asked once, under the lock, right before the first action of a run; from then on a run goes to
 * its end. `asked` is what the operator wanted.
 */
export function admit(desk: Desk, observed: Observed, asked: Intent): Admission {
  const error = auditTrouble(desk)
  if (error) return { kind: 'failed', error }
  const planned = approval(desk, observed, asked)
  return planned.kind === 'go' ? window(desk, observed, asked) : planned
}

/** What keeps events from being recorded where they must be. */
export function auditTrouble({ env }: Desk): AnyRotatorError | undefined {
  const { trouble } = env.events
  return isRotatorError(trouble) ? trouble : undefined
}

function approval(desk: Desk, observed: Observed, asked: Intent): Admission {
  const { approved } = desk.env
  if (approved === undefined) return { kind: 'go' }
  const now = basisOf(desk, observed, asked)
  const judged = judgeApproval(approved, now, desk.documents.planProgress(approved.hash))
  if (judged.kind === 'done') return { kind: 'done', plan: approved.hash }
  if (judged.kind === 'go') return judged
  return { kind: 'refused', code: 'PLAN_DRIFTED', why: judged.why.join('; ') }
}

/** Only the start of a rotation is bound to windows: what is open may be finished at any time. */
function window(desk: Desk, observed: Observed, asked: Intent): Admission {
  const { windows = [] } = desk.target.policy
  if (narrowIntent(asked, observed) !== 'rotate' || windows.length === 0) return { kind: 'go' }
  const state = windowState(windows, desk.clock.now())
  if (state.open) return { kind: 'go' }
  const { opensAt } = state
  if (desk.env.forced === true || desk.env.urgent === true) {
    const opens = opensAt && { opensAt: opensAt.toISOString() }
    desk.emit({ code: 'WINDOW_FORCED', ...opens })
    return { kind: 'go' }
  }
  const next = opensAt ? `the next one opens at ${timeText(opensAt, windows)}` : 'none opens soon'
  return { kind: 'refused', code: 'OUTSIDE_WINDOW', why: next }
}

/** What a plan made from these facts rests on. */
export function basisOf(desk: Desk, observed: Observed, asked: Intent): PlanBasis {
  const { target, documents } = desk
  const slots =
    observed.strategy === 'single-user' || observed.strategy === 'managed' ? undefined : observed
  const subjects = slots ? (['A', 'B'] as const) : (['user'] as const)
  return {
    target: target.name,
    intent: asked,
    configuration: target.configuration ?? '',
    versions: {
      current: documents.currentId,
      ...(documents.pendingId !== undefined && { pending: documents.pendingId }),
    },
    ...(slots && { active: slots.store.active }),
    users: subjects.map((subject) => documents.username(subject)),
    endpoints: target.database.endpoints,
    configs: (slots?.configs ?? []).map(({ id, holds }) => `${id}: ${holds}`),
    runtimes: target.runtimes.map(({ id }) => id),
    actions: plan(observed, narrowIntent(asked, observed)).actions,
  }
}
