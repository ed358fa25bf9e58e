import { setTimeout as delay } from 'node:timers/promises'
import type { RotationEvent } from '../../domain/events.ts'
import type { Fleet } from './fleet.ts'
import type { Guard } from './guard-process.ts'
import type { Draw } from './random.ts'
import { endStep, noteEvent, stepName } from './recorder.ts'
import type { Recorder, RotationMark } from './recorder.ts'
import { runRotation } from './rotation.ts'
import type { KillPlan, RotationEnd } from './rotation.ts'
import type { Screen } from './screen.ts'
import { readDocument } from './workspace.ts'
import type { Workspace } from './workspace.ts'

/** What happens to a rotation of the demo. */
export type Accident = 'none' | 'killed' | 'bad-release'

const TITLES: Readonly<Record<Accident, string>> = {
  none: 'undisturbed',
  killed: 'killed at a random point, run again',
  'bad-release': 'new workers are not well',
}

/** How one rotation went: a line of the table at the end. */
export interface RotationRow {
  readonly number: number
  readonly title: string
  readonly outcome: string
  /** The user that the application logs in as afterwards, and how old its password is then. */
  readonly user: string
  readonly ageMs: number
  readonly durationMs: number
  /** What was not as it must be; absent when all was. */
  readonly problem?: string
}

/** What the rotations work with. */
export interface Stage {
  readonly workspace: Workspace
  readonly fleet: Fleet
  readonly guard: Guard
  readonly recorder: Recorder
  readonly screen: Screen
  readonly draw: Draw
  readonly signal: AbortSignal
}

/** Exit codes of `cuedot rotate`: done, and failed and backed out. */
const DONE = 0
const BACKED_OUT = 4

/** The service is left alone for this long after the kill: nobody has to hurry. */
const AFTER_KILL_MS = 700

/** Plays one rotation with its accident and says how it went. */
export async function playRotation(stage: Stage, accident: Accident): Promise<RotationRow> {
  const { fleet, recorder, screen, workspace } = stage
  const before = await readDocument(workspace)
  const slot = before.active === 'A' ? 'B' : 'A'
  const [from, to] = [before.slots[before.active].username, before.slots[slot].username]
  const mark = recorder.beginRotation(from, to)
  screen.say(`Rotation ${mark.number}: ${from} → ${to}, ${TITLES[accident]}`)
  if (accident === 'bad-release') fleet.unhealthyAs = to
  const end = accident === 'killed' ? await killedOnce(stage, mark) : await run(stage, mark)
  fleet.unhealthyAs = undefined
  mark.ended = Date.now()
  mark.outcome = outcomeOf(end)
  const after = await readDocument(workspace)
  const { username, changedAt } = after.slots[after.active]
  const expected = accident === 'bad-release' ? BACKED_OUT : DONE
  const expectedUser = accident === 'bad-release' ? from : to
  const problem = problemWith(end, expected) ?? wrongUser(username, expectedUser)
  const row = {
    number: mark.number,
    title: TITLES[accident],
    outcome: mark.killed === undefined ? mark.outcome : `killed, then ${mark.outcome}`,
    user: username,
    ageMs: mark.ended - Date.parse(changedAt ?? ''),
    durationMs: mark.ended - mark.begun,
    ...(problem !== undefined && { problem }),
  }
  screen.say(`Rotation ${mark.number}: ${row.outcome}; the application logs in as ${username}`)
  return row
}

async function run(stage: Stage, mark: RotationMark, kill?: KillPlan): Promise<RotationEnd> {
  const { guard, screen, signal, workspace } = stage
  const onEvent = (event: RotationEvent): void => {
    noteEvent(mark, event)
    if (event.code === 'STEP_STARTED') screen.detail(`  ${stepName(event)}: ${event.why}`)
    if (event.code === 'STEP_FAILED') screen.detail(`  ${stepName(event)} failed: ${event.error}`)
  }
  const { config } = workspace
  const end = await runRotation({ config, guard, signal, onEvent, ...(kill && { kill }) })
  endStep(mark, Date.now(), 'cut')
  return end
}

/** Runs, is killed, and is run again: nothing is resumed, what is due follows from the facts. */
async function killedOnce(stage: Stage, mark: RotationMark): Promise<RotationEnd> {
  const first = await run(stage, mark, drawKill(stage.draw))
  if (first.how !== 'SIGKILL') return first
  mark.killed = Date.now()
  const step = mark.steps.at(-1)?.name ?? 'its first step'
  stage.screen.say(`Rotation ${mark.number}: SIGKILL during ${step}; running it again`)
  await delay(AFTER_KILL_MS, undefined, { signal: stage.signal })
  return (await isOver(stage, mark)) ? { how: DONE, words: '' } : await run(stage, mark)
}

/** On an overloaded machine the kill may come when all is done: another run would go back. */
async function isOver({ workspace }: Stage, { to }: RotationMark): Promise<boolean> {
  const { active, slots, rotation } = await readDocument(workspace)
  return rotation === undefined && slots[active].username === to
}

/**
 * The steps that may be cut short, in the order of the runbook, and for how long each is sure to
 * last: the kill falls within it.
 */
const STEPS: readonly { readonly name: string; readonly lastsMs: number }[] = [
  { name: 'open', lastsMs: 10 },
  { name: 'set', lastsMs: 30 },
  { name: 'flip', lastsMs: 10 },
  { name: 'publish', lastsMs: 10 },
  { name: 'roll workers', lastsMs: 3500 },
  { name: 'roll health', lastsMs: 400 },
  { name: 'drain', lastsMs: 900 },
  { name: 'stage', lastsMs: 0 },
  { name: 'retire', lastsMs: 0 },
]

/** All steps are equally likely. */
function drawKill(draw: Draw): KillPlan {
  const index = Math.floor(draw() * STEPS.length)
  const lastsMs = STEPS[index]?.lastsMs ?? 0
  return { step: index + 1, delayMs: Math.floor(draw() * lastsMs) }
}

function outcomeOf({ how }: RotationEnd): string {
  if (how === DONE) return 'rotated'
  return how === BACKED_OUT ? 'backed out' : `ended with ${how}`
}

function problemWith({ how, words }: RotationEnd, expected: number): string | undefined {
  return how === expected ? undefined : `ended with ${how} and not ${expected}:\n${words}`
}

function wrongUser(user: string, expected: string): string | undefined {
  return user === expected ? undefined : `the application is on ${user} and not on ${expected}`
}
