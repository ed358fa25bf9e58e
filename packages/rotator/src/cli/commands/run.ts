import type { Intent } from '../../domain/plan.ts'
import type { RunResult } from '../../engine/result.ts'
import { run } from '../../engine/run.ts'
import { formatDuration } from '../../config/duration.ts'
import { exitCodeOf } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { CommonOptions, RotateOptions } from '../options.ts'
import { print, printJson, threeLines } from '../output.ts'
import { chooseRenderer } from '../render/choose.ts'
import { stopOnSignals } from '../signals.ts'
import { chooseTargets, environment, openConfig, openTarget } from '../workspace.ts'

/** `rotate`, `heal` and `back-out`: one run of the engine, told while it goes on. */
export async function runCommand(
  intent: Intent,
  name: string | undefined,
  options: RotateOptions,
): Promise<ExitCode> {
  const config = await openConfig(options)
  const [chosen] = chooseTargets(config, name, {})
  const composed = await openTarget(config, chosen)
  const renderer = await chooseRenderer(options)
  const stop = stopOnSignals((text) => renderer.note(text))
  try {
    const given = { events: renderer, stop: stop.signal }
    const mayGrant = options.fix === true
    const env = { ...(await environment(options, given)), mayGrant }
    const result = await run(composed.target, intent, env)
    await renderer.close()
    tellResult(result, intent, options)
    return exitCodeOf(result.outcome, intent)
  } finally {
    await renderer.close()
    await composed.release()
    stop.release()
  }
}

function tellResult(result: RunResult, intent: Intent, options: CommonOptions): void {
  if (options.json === true || options.logJson === true) return printJson(result, options)
  print(threeLines(result))
  const { actions, durationMs } = result
  const steps = `${actions.length} ${actions.length === 1 ? 'step' : 'steps'}`
  if (intent === 'rotate' || intent === 'rehearse')
    print(`${steps} in ${formatDuration(durationMs)}`)
}
