import type { ApprovedPlan } from '../../domain/approval.ts'
import type { Intent } from '../../domain/plan.ts'
import { run } from '../../engine/run.ts'
import { formatDuration } from '../../config/duration.ts'
import { exitCodeOf } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import type { RotateOptions } from '../options.ts'
import { print, printJson, threeLines } from '../output.ts'
import { INTENTS, readPlan } from '../plan-file.ts'
import { auditResult, auditText, exitCodeWithAudit, openAudit, recordedSink } from '../recorded.ts'
import type { RecordedResult } from '../recorded.ts'
import { chooseRenderer } from '../render/choose.ts'
import { stopOnSignals } from '../signals.ts'
import { chooseTargets, environment, openConfig, openTarget } from '../workspace.ts'

/** `rotate`, `heal` and `back-out`: one run of the engine, told and recorded while it goes on. */
export async function runCommand(
  intent: Intent,
  name: string | undefined,
  options: RotateOptions,
): Promise<ExitCode> {
  const config = await openConfig(options)
  const approved = await approvedPlan(intent, name, options)
  const [chosen] = chooseTargets(config, name ?? approved?.target, {})
  const composed = await openTarget(config, chosen)
  const audit = await openAudit(config, options)
  const renderer = await chooseRenderer(options)
  const stop = stopOnSignals((text) => renderer.note(text))
  try {
    const env = await environment(options, {
      events: audit ? recordedSink(audit, renderer) : renderer,
      stop: stop.signal,
      ...(approved && { approved }),
      forced: options.force === true,
      mayGrant: options.fix === true,
      trustsSecret: options.trustSecret === true,
    })
    const ended = await run(composed.target, intent, env)
    const result = { ...ended, ...(audit && { audit: auditResult(audit) }) }
    await renderer.close()
    tellResult(result, intent, options)
    return exitCodeWithAudit(exitCodeOf(result.outcome, intent), result.audit)
  } finally {
    await renderer.close()
    await composed.release()
    stop.release()
  }
}

async function approvedPlan(
  intent: Intent,
  name: string | undefined,
  { plan: file, approved: hash }: RotateOptions,
): Promise<ApprovedPlan | undefined> {
  if (file === undefined) {
    if (hash === undefined) return undefined
    throw new UsageError('--approved was given without a plan.', 'Give the file with --plan, too.')
  }
  const { plan, approved } = await readPlan(file, hash)
  if (name !== undefined && name !== plan.target)
    throw new UsageError(`${file} is a plan for target ${plan.target}, not for ${name}.`, REPLAN)
  if (INTENTS[plan.for] !== intent)
    throw new UsageError(`${file} is a plan for \`cuedot ${plan.for}\`.`, REPLAN)
  return approved
}

const REPLAN = 'Give the plan that was made for this target and this command.'

function tellResult(result: RecordedResult, intent: Intent, options: RotateOptions): void {
  if (options.json === true || options.logJson === true) return printJson(result, options)
  print(threeLines(result))
  const { actions, durationMs, audit } = result
  const steps = `${actions.length} ${actions.length === 1 ? 'step' : 'steps'}`
  if (intent === 'rotate' || intent === 'rehearse')
    print(`${steps} in ${formatDuration(durationMs)}`)
  if (audit) print(auditText(audit))
}
