import { formatDuration } from '../../config/duration.ts'
import { REFUSALS } from '../../domain/refusals.ts'
import { adopt, lookAtAdoption } from '../../engine/adopt.ts'
import type { AdoptionOptions, AdoptionResult, PlannedAdoption } from '../../engine/adopt.ts'
import { EXIT, exitCodeOf } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import type { CommonOptions } from '../options.ts'
import { bold, print, printJson, threeLines } from '../output.ts'
import { chooseRenderer } from '../render/choose.ts'
import { stopOnSignals } from '../signals.ts'
import { chooseTargets, environment, openConfig, openTarget } from '../workspace.ts'
import { lookAtEach } from './look-at-each.ts'

/** The options of `adopt`, as commander hands them over. */
export interface AdoptOptions extends CommonOptions {
  readonly standby?: string
  readonly owner?: string
  readonly dryRun?: true
}

/**
 * `adopt`: takes the user that runs today over as slot A, its password untouched. With `--dry-run`
 * it lists each change and makes none; exit code 3 when it would be refused.
 */
export async function adoptCommand(
  name: string | undefined,
  options: AdoptOptions,
): Promise<ExitCode> {
  const { standby, owner } = options
  if (standby === '' || owner === '')
    throw new UsageError('A user or a role needs a name.', 'Give --standby and --owner a name.')
  const wish = { ...(standby !== undefined && { standby }), ...(owner !== undefined && { owner }) }
  await refuseOthers(name, options)
  if (options.dryRun !== true) return await adoptNow(name, wish, options)
  return await lookAtEach<PlannedAdoption>(name, options, {
    look: ({ target }, env) => lookAtAdoption(target, wish, env),
    text: planText,
    exitCode: ({ end }) => (end.kind === 'settled' ? EXIT.ok : EXIT.refused),
  })
}

async function refuseOthers(name: string | undefined, options: CommonOptions): Promise<void> {
  const config = await openConfig(options)
  const [chosen] = chooseTargets(config, name, {})
  const strategy = config.targets[chosen]?.strategy
  if (strategy !== undefined && strategy !== 'alternating')
    throw new UsageError(
      `Target ${chosen} has the strategy ${strategy}, which takes a running user as it is.`,
      'Adopt is for alternating targets; `cuedot verify` says whether this one is ready.',
    )
}

async function adoptNow(
  name: string | undefined,
  wish: AdoptionOptions,
  options: CommonOptions,
): Promise<ExitCode> {
  const config = await openConfig(options)
  const [chosen] = chooseTargets(config, name, {})
  const composed = await openTarget(config, chosen)
  const renderer = await chooseRenderer(options)
  const stop = stopOnSignals((text) => renderer.note(text))
  try {
    const env = await environment(options, { events: renderer, stop: stop.signal })
    const result = await adopt(composed.target, wish, env)
    await renderer.close()
    tellResult(result, options)
    return exitCodeOf(result.outcome, 'converge')
  } finally {
    await renderer.close()
    await composed.release()
    stop.release()
  }
}

function tellResult(result: AdoptionResult, options: CommonOptions): void {
  if (options.json === true || options.logJson === true) return printJson(result, options)
  print(threeLines(result))
  const { actions, durationMs } = result
  if (actions.length > 0) print(`${actions.length} steps in ${formatDuration(durationMs)}`)
}

function planText({ target, steps, end, warnings, state }: PlannedAdoption): string {
  const lines = steps.flatMap(({ title, changes }, index) => [
    `${String(index + 1).padStart(4)}  ${title}`,
    ...changes.map((line) => `        - ${line}`),
  ])
  const notes = warnings.map((line) => `${bold('Note:')} ${line}.`)
  const head = bold(`What \`cuedot adopt ${target}\` would do now:`)
  const body = [head, ...(lines.length === 0 ? ['  nothing'] : lines), ...notes]
  return [...body, ending(end, state)].join('\n')
}

function ending(end: PlannedAdoption['end'], state: string): string {
  if (end.kind === 'settled') return `Now: ${state}`
  const { what, hint } = REFUSALS[end.code]
  const why = end.why === '' ? '' : `: ${end.why}`
  return `Refused: ${what} (${end.code}${why})\nNow: ${state}\nWhat to do: ${hint}`
}
