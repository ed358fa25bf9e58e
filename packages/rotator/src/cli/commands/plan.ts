import type { Action } from '../../domain/action.ts'
import type { Plan } from '../../domain/plan.ts'
import { REFUSALS } from '../../domain/refusals.ts'
import { look } from '../../engine/look.ts'
import type { Look } from '../../engine/look.ts'
import { describeState } from '../../engine/result.ts'
import { RUNBOOK } from '../../steps/runbook.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import type { PlanOptions } from '../options.ts'
import { bold } from '../output.ts'
import { INTENTS, planFile, writePlan } from '../plan-file.ts'
import { nameOfStep } from '../render/phrases.ts'
import { windowOf } from '../status/window.ts'
import type { WindowStatus } from '../status/window.ts'
import { asker } from '../workspace.ts'
import { lookAtEach } from './look-at-each.ts'

/** What `plan --json` gives: the plan, what it is for, and where the target stands now. */
interface Planned extends Plan {
  readonly target: string
  readonly for: string
  readonly state: string
  /** What the standby user lacks. */
  readonly lacks: readonly string[]
  /** Whether a rotation may be started now; absent where it may at any time. */
  readonly window?: WindowStatus
  /** Where the plan was written for approval. */
  readonly file?: { readonly path: string; readonly hash: string }
}

/**
 * `plan`: what a run would do, computed by what runs it. Exit code 3 when it would be refused; then
 * no file is written.
 */
export async function planCommand(
  name: string | undefined,
  options: PlanOptions,
): Promise<ExitCode> {
  if (options.out !== undefined && options.all === true)
    throw new UsageError('A plan file is for one target.', 'Name the target instead of --all.')
  return await lookAtEach<Planned>(name, options, {
    look: async ({ target }, env, config) => {
      const seen = await look(target, INTENTS[options.for] ?? 'rotate', env)
      if (seen?.plan.end.kind === 'undecided') throw new Error('I5: the plan does not end')
      const state = describeState(seen?.observed)
      if (seen === undefined) return undefined
      const { lacks, plan } = seen
      const window = windowOf(config.targets[target.name], env.clock.now())
      const file = await written(seen, options, env.clock.now())
      const planned = { target: target.name, for: options.for, state, lacks, ...plan }
      return { ...planned, ...(window && { window }), ...(file && { file }) }
    },
    text: planText,
    exitCode: ({ end }) => (end.kind === 'settled' ? EXIT.ok : EXIT.refused),
  })
}

async function written(
  { plan, basis }: Look,
  options: PlanOptions,
  now: Date,
): Promise<Planned['file']> {
  if (options.out === undefined || plan.end.kind !== 'settled') return undefined
  const { by } = asker(options)
  const reason = options.reason === undefined ? {} : { reason: options.reason }
  const file = planFile(basis, options.for, { at: now.toISOString(), by, ...reason })
  await writePlan(options.out, file)
  return { path: options.out, hash: file.hash }
}

function planText(planned: Planned): string {
  const { target, for: command, actions } = planned
  const turn = pointOfNoReturn(actions)
  const width = Math.max(0, ...actions.map((action) => nameOfStep(action).length))
  const lines = actions.flatMap((action, index) => [
    ...(index === turn ? [RULE] : []),
    [String(index + 1).padStart(4), nameOfStep(action).padEnd(width), titleOf(action)].join('  '),
    `${' '.repeat(width + 8)}because ${action.why}`,
  ])
  const head = bold(`What \`cuedot ${command} ${target}\` would do now:`)
  return [head, ...(lines.length === 0 ? ['  nothing'] : lines), ending(planned)].join('\n')
}

const titleOf = ({ step }: Action): string => RUNBOOK[step].title

const RULE = `  ${'─'.repeat(8)} point of no return: from here only forward ${'─'.repeat(8)}`

/** Where the first password dies that somebody could still want; undefined where none does. */
export function pointOfNoReturn(actions: readonly Action[]): number | undefined {
  const index = actions.findIndex(
    ({ step, slot }) => step === 'retire' || step === 'ask' || (step === 'set' && slot === 'user'),
  )
  return index === -1 ? undefined : index
}

function ending(planned: Planned): string {
  const { actions, end, state, lacks, file, window } = planned
  if (end.kind !== 'refused')
    return [
      `Now: ${state}`,
      ...(window && planned.for === 'rotate' ? [`Window: ${window.text}`] : []),
      ...(file ? [`Written to ${file.path}, hash ${file.hash}`] : []),
    ].join('\n')
  const { what, hint } = REFUSALS[end.code]
  const missing = end.code === 'PRIVILEGES_DIFFER' ? lacks.map((line) => `\n  - ${line}`) : []
  const then = actions.length > 0 ? 'Then refused' : 'Refused'
  return `${then}: ${what} (${end.code}: ${end.why})${missing.join('')}\nWhat to do: ${hint}`
}
