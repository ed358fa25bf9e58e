import type { Composed } from '../../compose.ts'
import type { Config, TargetConfig } from '../../config/types.ts'
import { REFUSALS } from '../../domain/refusals.ts'
import type { Environment } from '../../engine/environment.ts'
import { lostCode } from '../../engine/session.ts'
import { isRotatorError } from '../../errors.ts'
import type { AnyRotatorError } from '../../errors.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { describeFailure } from '../failure.ts'
import type { LookOptions } from '../options.ts'
import { bold, print, printJson, threeLines } from '../output.ts'
import type { Told } from '../output.ts'
import { chooseTargets, openConfig, openTarget, quietEnvironment } from '../workspace.ts'

/** Why a target could not be looked at. */
export interface Trouble extends Told {
  readonly target: string
  readonly outcome: 'failed' | 'refused'
  readonly code: string
}

/** What a command that only looks does with one target. */
export interface Looking<T> {
  /** @returns undefined when no version of the admin secret logs in */
  look(composed: Composed, env: Environment, config: Config): Promise<T | undefined>
  /** For people. */
  text(seen: T): string
  exitCode(seen: T): ExitCode
  /** Turns what kept a target from being opened into something seen; else it is told as it is. */
  unopened?(target: string, error: AnyRotatorError): T
}

/**
 * Looks at each chosen target in turn and tells what was seen. With `--all`, a target that cannot
 * be looked at does not hide the others; the exit code is the one of the worst.
 */
export async function lookAtEach<T extends object>(
  name: string | undefined,
  options: LookOptions,
  looking: Looking<T>,
): Promise<ExitCode> {
  const config = await openConfig(options)
  const env = await quietEnvironment(options)
  const told: { readonly seen: T | Trouble; readonly text: string; readonly code: ExitCode }[] = []
  for (const target of chooseTargets(config, name, options)) {
    try {
      const seen = await lookAtOne(target, config, { env, looking })
      const strategy = config.targets[target]?.strategy ?? 'alternating'
      if (seen === undefined) told.push(trouble({ target, ...lost(strategy) }, EXIT.refused))
      else told.push({ seen, text: looking.text(seen), code: looking.exitCode(seen) })
    } catch (error) {
      if (options.all !== true || !isRotatorError(error)) throw error
      const { exitCode, ...failure } = describeFailure(error)
      told.push(trouble({ target, ...failure, outcome: 'failed' }, exitCode))
    }
  }
  const all = told.map(({ seen }) => seen)
  if (options.json === true || options.logJson === true)
    printJson(options.all === true ? { targets: all } : all[0], options)
  else print(told.map(({ text }) => text).join('\n\n'))
  return told.map(({ code }) => code).reduce(worse, EXIT.ok)
}

async function lookAtOne<T extends object>(
  target: string,
  config: Config,
  { env, looking }: { readonly env: Environment; readonly looking: Looking<T> },
): Promise<T | undefined> {
  let composed: Composed
  try {
    composed = await openTarget(config, target)
  } catch (error) {
    if (!looking.unopened || !isRotatorError(error) || error.code === 'ERR_CONFIG') throw error
    return looking.unopened(target, error)
  }
  return await looking.look(composed, env, config)
}

/** What could not even be looked at is worse than what asks for a person, and that than nothing. */
function worse(a: ExitCode, b: ExitCode): ExitCode {
  if (a === EXIT.ok) return b
  return b === EXIT.failed || b === EXIT.usage ? b : a
}

function trouble(
  seen: Trouble,
  code: ExitCode,
): { readonly seen: Trouble; readonly text: string; readonly code: ExitCode } {
  return { seen, text: `${bold(seen.target)}\n${threeLines(seen)}`, code }
}

function lost(strategy: TargetConfig['strategy']): Omit<Trouble, 'target'> {
  const code = lostCode(strategy)
  const { what, hint } = REFUSALS[code]
  const state = 'Nothing was changed.'
  return { outcome: 'refused', code, what: `${what} (${code})`, state, todo: hint }
}
