import { isDeepStrictEqual } from 'node:util'
import type { Environment } from '../../../rotator/src/engine/environment.ts'
import { run } from '../../../rotator/src/engine/run.ts'
import type { RunResult } from '../../../rotator/src/engine/result.ts'
import type { Fault, Incident } from './faults.ts'
import { Gate } from './faults.ts'
import { USERNAMES } from './names.ts'
import type { Held } from './names.ts'
import { simClock, simRandom, simTarget } from './ports.ts'
import type { Start } from './start.ts'
import type { SimDocument } from './store.ts'
import { ON_INITIAL, SimCrash, World } from './world.ts'

/** What one trial showed. `findings` is empty when all is well. */
export interface Trial {
  readonly findings: readonly string[]
  /** External calls over all processes. */
  readonly calls: number
  /** The steps that were applied, over all processes. */
  readonly steps: readonly string[]
  readonly outcome: RunResult['outcome'] | 'never ended'
  readonly world: World
}

/** An operator runs the command again this often at the most. */
const MOST_RUNS = 8

const NEVER = new AbortController().signal

/** A run's surroundings in a world. */
export function simEnvironment(world: World, stop: AbortSignal = NEVER): Environment {
  return {
    clock: simClock(world),
    random: simRandom(world),
    events: { emit: () => undefined },
    stop,
    by: 'sim',
    reason: 'trial',
    urgent: world.options.urgent === true,
  }
}

/**
 * Arranges a start, lets the faults strike, runs again until it ends, and then asks for a settled
 * world.
 */
export async function trial(
  start: Start,
  faults: readonly Fault[],
  incidentAt?: number,
): Promise<Trial> {
  const world = new World(start.options)
  start.arrange?.(world)
  const before = new Map(world.configs)
  world.checker.exemptWhatIsBroken()
  const gate = new Gate(world, faults, incidentsOf(start, world, incidentAt))
  const target = simTarget(world, gate)
  const steps: string[] = []
  let last: RunResult | undefined
  for (let runs = 0; runs < MOST_RUNS; runs++) {
    const result = await runOnce(world, () => run(target, start.intent, simEnvironment(world)))
    if (result === undefined) continue
    if (last && faults.length === 0 && !start.heal)
      world.checker.broken.push(`I5 without a fault it ended ${last.outcome} and had to run again`)
    last = result
    steps.push(...result.actions.map((action) => `${action.step} ${action.slot}`))
    if (result.outcome !== 'stopped' && result.outcome !== 'failed') break
    start.heal?.(world)
  }
  const outcome = last?.outcome ?? 'never ended'
  const findings = [...world.checker.broken, ...judge(start, { world, before }, last)]
  return { findings, calls: gate.calls, steps, outcome, world }
}

/** @returns undefined when the process died. */
async function runOnce(
  world: World,
  start: () => Promise<RunResult>,
): Promise<RunResult | undefined> {
  world.processes += 1
  try {
    return await start()
  } catch (error) {
    if (error instanceof SimCrash) {
      world.lockHolder = undefined
      return undefined
    }
    const message = error instanceof Error ? error.message : String(error)
    world.checker.broken.push(`bug: ${message}`)
    return undefined
  }
}

function incidentsOf(start: Start, world: World, at: number | undefined): readonly Incident[] {
  const { incident } = start
  return incident ? [{ at: at ?? incident.at, what: () => incident.what(world) }] : []
}

/** Once nothing strikes any more, everything must have come to rest where it belongs. */
function judge(start: Start, seen: Seen, last: RunResult | undefined): readonly string[] {
  if (last === undefined) return ['I5 it never ended']
  if (start.ends.includes(last.outcome)) {
    return last.outcome === 'refused'
      ? []
      : [...unsettled(start, seen), ...leaked(seen.world, last)]
  }
  return [`I5 it ended ${last.outcome} (${last.what}), expected ${start.ends.join(' or ')}`]
}

interface Seen {
  readonly world: World
  /** What the config targets held before the first run. */
  readonly before: ReadonlyMap<string, Held>
}

/** Consumers who came from the initial user may be there again, with just what they had. */
function isBack({ world, before }: Seen): boolean {
  if (!world.options.initial) return false
  const came = [...before].filter(([, held]) => isDeepStrictEqual(held, ON_INITIAL))
  // Where the first run of a trial finds them on a slot, all came from there.
  const ids = came.length > 0 ? came.map(([id]) => id) : [...before.keys()]
  const web = world.configs.get('web.env')
  return (
    ids.every((id) => isDeepStrictEqual(world.configs.get(id), ON_INITIAL)) &&
    world.fleet.instances.every(({ username }) => username === web?.username)
  )
}

function unsettled(start: Start, seen: Seen): readonly string[] {
  const { world } = seen
  if (start.options.singleUser) return []
  const { truth } = world.store
  const document = world.store.document(truth.current)
  const active = document?.active_slot
  const isOn = ({ username, password }: Held): boolean =>
    active ? username === world.username(active) : password === document?.password
  const findings: string[] = []
  if (document?.rotation) findings.push('I5 a rotation is still open')
  if (truth.pending !== truth.current && isUndone(world.store.document(truth.pending), document))
    findings.push('I5 a version is still pending')
  if (isBack(seen)) return findings
  for (const [id, held] of world.configs) {
    if (!isOn(held)) findings.push(`I5 ${id} is not on the active slot`)
  }
  for (const held of world.fleet.instances) {
    if (!isOn(held)) findings.push('I5 an instance is not on the active slot')
    if (!world.accepts(held)) findings.push('I5 an instance does not log in')
  }
  return findings
}

/** After an urgent rotation nothing from before logs in, and nobody is left who did. */
function leaked(world: World, last: RunResult): readonly string[] {
  if (!world.options.urgent || last.outcome !== 'rotated') return []
  const live = [...world.users].flatMap(([username, { password, second }]) =>
    [password, second].filter((candidate) => LEAKED.has(candidate)).map(() => username),
  )
  const admins = world.options.singleUser === true
  const relevant = live.filter((username) => admins === (username === USERNAMES.admin))
  const sentAway = world.fleet.stragglers.filter(
    ({ held }) => admins || held.username !== USERNAMES.admin,
  )
  const left = sentAway.map(({ held }) => `I5 ${held.username} was not sent away`)
  return [...relevant.map((username) => `I5 ${username} still has a leaked password`), ...left]
}

const LEAKED: ReadonlySet<string | undefined> = new Set([
  'a0-password',
  'b0-password',
  'c0-password',
])

/**
 * A version whose work is done may keep AWSPENDING when an operator has edited the secret since.
 */
function isUndone(pending: SimDocument | undefined, current: SimDocument | undefined): boolean {
  if (pending === undefined) return false
  const id = pending.rotation?.id ?? pending.last?.id
  return id === undefined || id !== current?.last?.id
}
