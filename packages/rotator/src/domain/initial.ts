import type { Subject, StepName } from './action.ts'
import type { ConfigFacts, RotationFacts, TwoSlotFacts } from './observed.ts'
import type { Decision } from './plan.ts'
import type { Slot } from './slot.ts'

/** A rotation that has found consumers on the initial user. */
export type FirstRotation = RotationFacts & Required<Pick<RotationFacts, 'initial'>>

/** True for a rotation that turns back to the initial user. */
export function isFirst(rotation: RotationFacts): rotation is FirstRotation {
  return rotation.initial !== undefined
}

/**
 * True when all that works for consumers is the initial user: the active slot does not log in, and
 * what the config targets hold is the initial user or nothing that logs in.
 */
export function runsOnInitial({ configs, login, store }: TwoSlotFacts): boolean {
  const onInitial = configs.some(({ holds }) => holds === 'initial')
  const onNothingElse = configs.every(({ holds }) => holds === 'initial' || holds === 'dead')
  return !login[store.active].current && onInitial && onNothingElse
}

/**
 * The slot that the document names while the rotation turns back. Where consumers go back to the
 * initial user it is the one that was active before: whoever reads the secret itself finds there
 * what was there.
 */
export function homeOf(rotation: RotationFacts): Slot {
  return isFirst(rotation) && rotation.heals ? rotation.to : rotation.from
}

/**
 * The initial user is nobody's to change, so it logs in whatever became of the slots. But once the
 * old slot's next password is staged the database may have it, and turning would take the only
 * version with it out of the store.
 */
export function canReturn(o: TwoSlotFacts, { from }: RotationFacts): boolean {
  const onlyStaged = o.store.pending === 'retire' && !o.login[from].current
  return o.initial?.logsIn === true && !onlyStaged
}

/** A first rotation that turns back: every consumer finds again what it had. */
export function backToInitial(o: TwoSlotFacts, r: FirstRotation): Decision {
  const { to } = r
  if (o.initial?.logsIn !== true)
    return refuse('BACK_OUT_IMPOSSIBLE', 'the initial user does not log in')
  if (o.store.pending === 'turn') return next('flip', 'initial', 'the rotation turns back')
  if (o.store.active !== homeOf(r))
    return refuse('DOCUMENT_INCONSISTENT', 'a rotation that turns back must name its old slot')
  const failed = o.runtimes.find((runtime) => runtime.roll === 'failed')
  if (failed) return refuse('ROLL_FAILED', failed.why ?? failed.id)
  const lag = returnConsumers(o, r)
  if (lag) return lag
  // Where no password was made none is given up, so nobody has to leave.
  if (!r.heals && (o.sessions[to] > 0 || !o.quiet[to]))
    return next('drain', to, `nobody may be left on slot ${to}`)
  return next('undo', to, 'everyone is back')
}

function returnConsumers(o: TwoSlotFacts, r: FirstRotation): Decision | undefined {
  for (const config of o.configs) {
    const goal = goalOf(o, r, config)
    if (goal === undefined || config.holds === goal) continue
    return next('publish', goal, `it holds ${config.holds}`, config.id)
  }
  const runtime = o.runtimes.find(({ roll }) => roll !== 'done')
  if (runtime === undefined) return undefined
  const why = runtime.roll === 'rolling' ? 'its roll is under way' : `it may be on slot ${r.to}`
  return next('roll', 'initial', why, runtime.id)
}

/**
 * Where a slot's password was not made by this rotation, whoever did not come from the initial user
 * is not given it; everywhere else nothing but the initial user had worked. Undefined: the config
 * target is left as it is.
 */
function goalOf(
  o: TwoSlotFacts,
  { heals, initial, to }: FirstRotation,
  { id }: ConfigFacts,
): Slot | 'initial' | undefined {
  if (!heals || initial.includes(id)) return 'initial'
  return o.login[to].current ? to : undefined
}

function next(step: StepName, slot: Subject, why: string, where?: string): Decision {
  const at = where === undefined ? {} : { where }
  return { kind: 'next', action: { step, slot, ...at, why } }
}

function refuse(
  code: 'BACK_OUT_IMPOSSIBLE' | 'DOCUMENT_INCONSISTENT' | 'ROLL_FAILED',
  why: string,
): Decision {
  return { kind: 'refused', code, why }
}
