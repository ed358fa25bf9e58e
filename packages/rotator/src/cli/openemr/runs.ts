import { composeSystem } from '../../compose.ts'
import type { Config } from '../../config/types.ts'
import type { Intent } from '../../domain/plan.ts'
import { REFUSALS } from '../../domain/refusals.ts'
import type { Known } from '../../engine/environment.ts'
import { look } from '../../engine/look.ts'
import type { Look } from '../../engine/look.ts'
import { lostCode } from '../../engine/session.ts'
import type { RunResult } from '../../engine/result.ts'
import { run } from '../../engine/run.ts'
import type { Call } from '../../ports/call.ts'
import type { CommonOptions } from '../options.ts'
import { print } from '../output.ts'
import { chooseRenderer } from '../render/choose.ts'
import { nameOfStep } from '../render/phrases.ts'
import { stopOnSignals } from '../signals.ts'
import { environment, openTarget, quietEnvironment } from '../workspace.ts'
import { Refused, sentences, toldOfRun } from './failures.ts'
import type { OpenemrOptions } from './flags.ts'
import { healthWarning } from './health.ts'
import { findDatabase } from './place.ts'
import type { More, Status } from './status-line.ts'
import { targetNames, targetsOf } from './targets.ts'
import type { TargetNames } from './targets.ts'
import type { Variables } from './variables.ts'

/** What every run works with. */
export interface Prepared {
  readonly config: Config
  readonly names: TargetNames
  readonly known: Required<Known>
}

/** Both targets: the slots first, then the admin, who is left alone while somebody works as it. */
export async function rotateOpenemr(
  variables: Variables,
  options: OpenemrOptions,
): Promise<Status> {
  const { config, names, known } = await prepare(variables)
  const slots = await rotateSlots(names.slots, config, { intent: 'rotate', options, known })
  const told = moreOf(slots)
  if (!isGood(slots)) return { kind: 'error', ...toldOfRun(slots, told) }
  const warning = await healthWarning(variables.healthUrl)
  if (warning !== undefined) print(warning)
  const asAdmin = { known: { admin: known.admin } }
  const admin = await runTarget(names.admin, config, { intent: 'rotate', options, ...asAdmin })
  if (admin.code === 'ADMIN_IN_USE') {
    print(`WARNING: the admin user keeps its password: ${sentences(admin.what, admin.todo)}`)
    return { kind: 'rotation', dryRun: false, more: { ...told, admin: 'in use, left alone' } }
  }
  if (!isGood(admin))
    return { kind: 'error', ...toldOfRun(admin, { ...told, admin: admin.outcome }) }
  return { kind: 'rotation', dryRun: false, more: { ...told, admin: admin.outcome } }
}

/** Finishing a rotation that an earlier run has turned back is not what was asked for. */
async function rotateSlots(name: string, config: Config, asked: RunOf): Promise<RunResult> {
  const result = await runTarget(name, config, asked)
  const isOwn = result.actions.some(({ step }) => step === 'open')
  if (result.outcome !== 'backed-out' || isOwn) return result
  const { intent, options } = asked
  return await runTarget(name, config, { intent, options })
}

/** Finishes what is open and removes drift: no password that somebody uses changes. */
export async function syncOpenemr(variables: Variables, options: OpenemrOptions): Promise<Status> {
  const { config, names, known } = await prepare(variables)
  const result = await runTarget(names.slots, config, {
    intent: 'converge',
    ...{ options, known },
    trustsSecret: true,
  })
  const more = moreOf(result)
  return isGood(result)
    ? { kind: 'sync', dryRun: false, more }
    : { kind: 'error', ...toldOfRun(result, more) }
}

/** What either would do. Nothing is written anywhere, and no lock is taken. */
export async function planOpenemr(variables: Variables, options: OpenemrOptions): Promise<Status> {
  const { config, names } = await prepare(variables)
  const sync = options.syncDbUsers === true
  const slots = await lookAt(names.slots, config, sync ? 'converge' : 'rotate')
  const admin = sync ? undefined : await lookAt(names.admin, config, 'rotate')
  const steps = (prefix: string, seen: Look | undefined): readonly string[] =>
    (seen?.plan.actions ?? []).map((action) => `${prefix}${nameOfStep(action)}`)
  const plan = [...steps('', slots), ...steps('admin: ', admin)]
  const end = slots.plan.end
  if (end.kind === 'refused') {
    const { what, hint } = REFUSALS[end.code]
    const error = sentences(what, `(${end.code}: ${end.why})`, hint)
    return { kind: 'error', error, more: { outcome: 'refused', code: end.code } }
  }
  return { kind: sync ? 'sync' : 'rotation', dryRun: true, more: { plan } }
}

/** Finds out where the database is, and composes both targets. @throws as {@link findDatabase} */
export async function prepare(variables: Variables): Promise<Prepared> {
  const { clock } = await composeSystem()
  const call = (): Call => ({ signal: clock.deadline(CALL_LIMIT_MS) })
  const place = await findDatabase(variables, call)
  const { known } = place
  return { config: targetsOf(variables, place), names: targetNames(place), known }
}

const CALL_LIMIT_MS = 30_000

interface RunOf {
  readonly intent: Intent
  readonly options: OpenemrOptions
  /** After a restored backup the database gets the passwords of the secret. */
  readonly trustsSecret?: true
  readonly known?: Known
}

async function runTarget(
  name: string,
  config: Config,
  { intent, options, trustsSecret, known }: RunOf,
): Promise<RunResult> {
  const common = commonOf(options)
  const composed = await openTarget(config, name)
  const renderer = await chooseRenderer(common)
  const stop = stopOnSignals((text) => renderer.note(text))
  try {
    const more = { ...(trustsSecret && { trustsSecret }), ...(known && { known }) }
    const given = { events: renderer, stop: stop.signal, ...more }
    const env = await environment(common, given)
    return await run(composed.target, intent, env)
  } finally {
    await renderer.close()
    await composed.release()
    stop.release()
  }
}

async function lookAt(name: string, config: Config, intent: Intent): Promise<Look> {
  const composed = await openTarget(config, name)
  try {
    const seen = await look(composed.target, intent, await quietEnvironment(commonOf({})))
    if (seen) return seen
    throw new Refused(lostCode(composed.target.strategy))
  } finally {
    await composed.release()
  }
}

function commonOf({ logJson }: OpenemrOptions): CommonOptions {
  return { reason: 'the rotation task of OpenEMR', ...(logJson === true && { logJson }) }
}

function isGood({ outcome }: RunResult): boolean {
  return outcome === 'rotated' || outcome === 'healed' || outcome === 'settled'
}

function moreOf({ rotationId, outcome, activeSlot }: RunResult): More {
  return {
    ...(rotationId !== undefined && { rotation_id: rotationId }),
    outcome,
    ...(activeSlot !== undefined && { active_slot: activeSlot }),
  }
}
