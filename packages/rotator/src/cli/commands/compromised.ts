import type { Credential } from '@cuedot/client/protocol'
import { adminTargetOf } from '../../config/admin-target.ts'
import { formatDuration } from '../../config/duration.ts'
import type { Config } from '../../config/types.ts'
import type { RotationEvent } from '../../domain/events.ts'
import { turnedAway } from '../../engine/at-work.ts'
import type { Environment } from '../../engine/environment.ts'
import { look } from '../../engine/look.ts'
import type { RunResult } from '../../engine/result.ts'
import { knownCredentials, stillAccepted } from '../../engine/revocation.ts'
import { run } from '../../engine/run.ts'
import { isRotatorError } from '../../errors.ts'
import type { Target } from '../../ports/target.ts'
import { describeSessions } from '../../steps/drain.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import type { RotateOptions } from '../options.ts'
import { auditResult, openAudit, recordedSink } from '../recorded.ts'
import type { RecordedResult } from '../recorded.ts'
import { chooseRenderer } from '../render/choose.ts'
import { stopOnSignals } from '../signals.ts'
import { chooseTargets, environment, openConfig, openTarget } from '../workspace.ts'
import { exitCode, summary, tellEmergency } from './emergency.ts'
import type { Death, Part, Proof } from './emergency.ts'

/**
 * `rotate --compromised`: the admin and both slots, whoever may still be using them. The error
 * budget is told first; afterwards every credential that the secrets had is tried.
 */
export async function compromisedCommand(
  name: string | undefined,
  options: RotateOptions,
): Promise<ExitCode> {
  if (options.plan !== undefined || options.approved !== undefined)
    throw new UsageError('--compromised waits for no plan.', 'Leave --plan and --approved out.')
  const config = await openConfig(options)
  const [chosen] = chooseTargets(config, name, {})
  const begun = performance.now()
  const deaths: Death[] = []
  const admin = adminTargetOf(chosen, config)
  const watch = (event: RotationEvent): void => noteDeath(event, begun, deaths)
  const targets = [...(admin ? [admin] : []), { name: chosen, config }].map((target) => {
    return { ...target, options, watch }
  })
  const parts: Part[] = []
  const known: (readonly Credential[])[] = []
  for (const target of targets) {
    const before = await lookBefore(target)
    if ('away' in before)
      parts.push({ name: target.name, result: before.away, proof: NOTHING_TRIED })
    else known.push(before.leaked)
  }
  if (parts.length === 0)
    for (const [index, target] of targets.entries())
      parts.push(await rotateOne(target, known[index] ?? []))
  const told = summary(parts, deaths)
  tellEmergency(told, options)
  return exitCode(told)
}

/** A target of the emergency, in the configuration that has it. */
interface Chosen {
  readonly name: string
  readonly config: Config
  readonly options: RotateOptions
  readonly watch: (event: RotationEvent) => void
}

/**
 * What has leaked, or how a run would be turned away because another rotator works on the target:
 * the emergency would end that rotator's session as the admin, and with it the lock, while it is
 * about to do something. All targets are looked at before the first is changed, so that whatever is
 * thrown here has changed nothing.
 */
async function lookBefore(
  chosen: Chosen,
): Promise<{ readonly away: RecordedResult } | { readonly leaked: readonly Credential[] }> {
  return await within(chosen, async ({ target, env, note, recorded }) => {
    const away = await turnedAway(target, env)
    if (away) return { away: recorded(away) }
    const leaked = await knownCredentials(target, env)
    const seen = await look(target, 'rotate', env)
    note(budget(chosen.name, target.policy.evictAfterMs, seen?.sessions ?? []))
    return { leaked }
  })
}

async function rotateOne(chosen: Chosen, leaked: readonly Credential[]): Promise<Part> {
  const { name } = chosen
  return await within(chosen, async ({ target, env, recorded }) => {
    const result = recorded(await run(target, 'rotate', env))
    const over = result.outcome === 'rotated'
    return { name, result, proof: over ? await proof(target, leaked, env) : NOTHING_TRIED }
  })
}

/** That something could not be tried takes nothing back of what was done. */
async function proof(
  target: Target,
  leaked: readonly Credential[],
  env: Environment,
): Promise<Proof> {
  try {
    return await stillAccepted(target, leaked, env)
  } catch (error) {
    if (!isRotatorError(error)) throw error
    return { ...NOTHING_TRIED, unproven: error.message }
  }
}

/** A target that is open, and how its run is told and recorded. */
interface Opened {
  readonly target: Target
  readonly env: Environment
  readonly note: (text: string) => void
  readonly recorded: (result: RunResult) => RecordedResult
}

async function within<T>(
  { name, config, options, watch }: Chosen,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const composed = await openTarget(config, name)
  const audit = await openAudit(config, options)
  const renderer = await chooseRenderer(options)
  const note = (text: string): void => renderer.note(text)
  const stop = stopOnSignals(note)
  const shown = {
    emit: (event: RotationEvent): void => {
      watch(event)
      renderer.emit(event)
    },
  }
  try {
    const events = audit ? recordedSink(audit, shown) : shown
    const given = await environment(options, { events, stop: stop.signal })
    const env = { ...given, urgent: true }
    const recorded = (result: RunResult): RecordedResult => {
      return { ...result, ...(audit && { audit: auditResult(audit) }) }
    }
    return await work({ target: composed.target, env, note, recorded })
  } finally {
    await renderer.close()
    await composed.release()
    stop.release()
  }
}

const NOTHING_TRIED: Proof = { live: [], tried: 0, untried: 0 }

/** What may fail, before it does. */
function budget(
  name: string,
  evictAfterMs: number,
  sessions: Parameters<typeof describeSessions>[0],
): string {
  const now = sessions.length === 0 ? 'none' : describeSessions(sessions)
  const grace = formatDuration(evictAfterMs)
  return (
    `${name}: whoever has not moved when an old password dies cannot log in any more; sessions ` +
    `that it began are ended ${grace} later, with what they are doing. Sessions now: ${now}`
  )
}

/** A slot's first password dies when it is set anew, its last one when it is retired. */
function noteDeath(event: RotationEvent, begun: number, deaths: Death[]): void {
  if (event.code !== 'STEP_APPLIED' || (event.step !== 'set' && event.step !== 'retire')) return
  const { target, slot } = event
  deaths.push({ target, slot, afterMs: Math.round(performance.now() - begun) })
}
