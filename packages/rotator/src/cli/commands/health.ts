import { RotationMonitor, rotationHealth } from '@cuedot/client/monitor'
import type { RotationHealth, RotationStatus } from '@cuedot/client/monitor'
import { composeSystem } from '../../compose.ts'
import { composeDescription } from '../../compose/secret-versions.ts'
import { formatDuration } from '../../config/duration.ts'
import { isRotatorError } from '../../errors.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import { bold, green, print, printJson, red } from '../output.ts'
import { chooseSecret } from './versions.ts'
import type { ChosenSecret, SecretOptions } from './versions.ts'

/** What `cuedot health --json` shows. Times are ISO-8601 there. */
interface HealthReport extends RotationStatus, RotationHealth {
  readonly target?: string
  /** Milliseconds since anything of the secret has changed: so old is what is pending, or older. */
  readonly pendingForMs?: number
  /** True when a person should look: rotation is off, overdue, or has stopped half-way. */
  readonly attention: boolean
}

/**
 * `health`: how Secrets Manager's own rotation of a secret is doing. Exit code 3 when a person must
 * look, so that an alarm can be set on it.
 */
export async function healthCommand(
  name: string | undefined,
  options: SecretOptions,
): Promise<ExitCode> {
  const chosen = await chooseSecret(name, options)
  const { clock } = await composeSystem()
  const now = clock.now()
  const status = await statusOf(chosen, now, clock.deadline(chosen.limitMs))
  const report = reportOf(status, chosen.target, now)
  if (options.json === true || options.logJson === true) printJson(report, options)
  else print(textOf(report, now))
  return report.attention ? EXIT.refused : EXIT.ok
}

async function statusOf(
  { target, store }: ChosenSecret,
  now: Date,
  signal: AbortSignal,
): Promise<RotationStatus> {
  if (store.kind === 'file')
    throw new UsageError(
      `The secret of ${target ?? 'this target'} is in a file: nobody rotates it but cuedot.`,
      `Ask \`cuedot status ${target ?? ''}\`.`,
    )
  const description = await composeDescription(store)
  const describe = async (): ReturnType<typeof description> => await description({ signal })
  const monitor = new RotationMonitor({ describe, now: () => now })
  try {
    return await monitor.status(store.secret)
  } catch (error) {
    // The monitor says less of it than the store has said already.
    if (error instanceof Error && isRotatorError(error.cause)) throw error.cause
    throw error
  }
}

function reportOf(status: RotationStatus, target: string | undefined, now: Date): HealthReport {
  const judged = rotationHealth(status)
  const { inProgress, lastChanged } = status
  const pendingForMs = lastChanged && Math.max(0, now.getTime() - lastChanged.getTime())
  return {
    ...(target !== undefined && { target }),
    ...status,
    ...(inProgress && pendingForMs !== undefined && { pendingForMs }),
    ...judged,
    attention: judged.health === 'overdue' || judged.health === 'disabled',
  }
}

/** For people: a head line and a labelled line for each thing worth knowing. */
function textOf(report: HealthReport, now: Date): string {
  const { target, secretId, health, reason, attention, managedBy } = report
  const head = target === undefined ? bold(secretId) : `${bold(target)} (${secretId})`
  const rows: readonly (readonly [string, string])[] = [
    ['rotation', `${report.rotationEnabled ? 'on' : 'off'}${managedBy ? ` (${managedBy})` : ''}`],
    ['current', report.currentVersionId ?? 'none'],
    ['pending', pendingText(report)],
    ['last', report.lastRotated ? whenText(report.lastRotated, now) : 'not known'],
    ['next', nextText(report, now)],
    ...(attention ? [['to do', todoOf(report)] as const] : []),
  ]
  const lines = rows.map(([label, text]) => `  ${label.padEnd(10)} ${text}`)
  const verdict = attention ? red(health) : green(health)
  return [`${head}: ${verdict}, ${reason}`, ...lines].join('\n')
}

function pendingText({ pendingVersionId, pendingForMs }: HealthReport): string {
  if (pendingVersionId === undefined) return 'none'
  if (pendingForMs === undefined) return pendingVersionId
  return `${pendingVersionId}, for ${formatDuration(pendingForMs)} or longer`
}

function nextText({ nextRotation, overdue }: HealthReport, now: Date): string {
  if (!nextRotation) return 'not known'
  return `${overdue ? 'was due by' : 'by'} ${whenText(nextRotation, now)}`
}

function whenText(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime()
  const distance = ms < 0 ? `in ${formatDuration(-ms)}` : `${formatDuration(ms)} ago`
  return `${at.toISOString()}, ${distance}`
}

function todoOf({ rotationEnabled, deletedOn }: HealthReport): string {
  if (deletedOn) return 'Restore the secret if anybody still needs it.'
  if (rotationEnabled)
    return (
      'Look at the log of what rotates it. `cuedot lambda heal` ends a rotation that was given ' +
      'up; `cuedot versions` shows every version.'
    )
  return (
    'Turn rotation on in Secrets Manager if that is to rotate it; `cuedot status` tells of those ' +
    'that cuedot makes.'
  )
}
