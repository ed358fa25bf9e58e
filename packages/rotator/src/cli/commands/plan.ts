import type { Action } from '../../domain/action.ts'
import type { Intent, Plan } from '../../domain/plan.ts'
import { REFUSALS } from '../../domain/refusals.ts'
import { look } from '../../engine/look.ts'
import { describeState } from '../../engine/result.ts'
import { RUNBOOK } from '../../steps/runbook.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { LookOptions } from '../options.ts'
import { bold } from '../output.ts'
import { nameOfStep } from '../render/phrases.ts'
import { lookAtEach } from './look-at-each.ts'

const INTENTS: Readonly<Record<string, Intent>> = {
  rotate: 'rotate',
  rehearse: 'rehearse',
  heal: 'converge',
  'back-out': 'back-out',
}

/** What `plan --json` gives: the plan, what it is for, and where the target stands now. */
interface Planned extends Plan {
  readonly target: string
  readonly for: string
  readonly state: string
  /** What the standby user lacks. */
  readonly lacks: readonly string[]
}

/** `plan`: what a run would do, computed by what runs it. Exit code 3 when it would be refused. */
export async function planCommand(
  name: string | undefined,
  options: LookOptions & { readonly for: string },
): Promise<ExitCode> {
  return await lookAtEach<Planned>(name, options, {
    look: async ({ target }, env) => {
      const seen = await look(target, INTENTS[options.for] ?? 'rotate', env)
      if (seen?.plan.end.kind === 'undecided') throw new Error('I5: the plan does not end')
      const state = describeState(seen?.observed)
      const { lacks, plan } = seen ?? {}
      return plan && lacks && { target: target.name, for: options.for, state, lacks, ...plan }
    },
    text: planText,
    exitCode: ({ end }) => (end.kind === 'settled' ? EXIT.ok : EXIT.refused),
  })
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

function ending({ actions, end, state, lacks }: Planned): string {
  if (end.kind !== 'refused') return `Now: ${state}`
  const { what, hint } = REFUSALS[end.code]
  const missing = end.code === 'PRIVILEGES_DIFFER' ? lacks.map((line) => `\n  - ${line}`) : []
  const then = actions.length > 0 ? 'Then refused' : 'Refused'
  return `${then}: ${what} (${end.code}: ${end.why})${missing.join('')}\nWhat to do: ${hint}`
}
