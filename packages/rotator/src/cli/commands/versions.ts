import { composeSystem } from '../../compose.ts'
import { composeVersions } from '../../compose/secret-versions.ts'
import { formatDuration } from '../../config/duration.ts'
import type { StoreConfig } from '../../config/types.ts'
import type { ListedVersion } from '../../ports/version-list.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import type { CommonOptions } from '../options.ts'
import { bold, print, printJson, red } from '../output.ts'
import { chooseTargets, openConfig } from '../workspace.ts'

/** Which secret a command is about, where that is not a target's. */
export interface SecretOptions extends CommonOptions {
  /** Name or ARN. */
  readonly secret?: string
  /** Default: as the AWS SDK finds it. */
  readonly region?: string
}

/** The secret that the command line names. */
export interface ChosenSecret {
  /** Absent where none was named. */
  readonly target?: string
  readonly store: StoreConfig
  /** Longest time for one call of the store, in milliseconds. */
  readonly limitMs: number
}

/** What `cuedot versions --json` shows. Ages in milliseconds, never a value. */
export interface VersionsReport {
  readonly target?: string
  readonly secret: string
  /** The version with AWSCURRENT. */
  readonly current?: string
  /** The version with AWSPREVIOUS. */
  readonly previous?: string
  /** The version with AWSPENDING, where that is not the current one as well. */
  readonly pending?: string
  /** The newest first. */
  readonly versions: readonly AgedVersion[]
}

/** A version, and how long ago it was written. */
export interface AgedVersion extends ListedVersion {
  readonly ageMs?: number
}

const LIMIT_MS = 30_000

/** `versions`: every version of a secret with its labels and its date; no value is read. */
export async function versionsCommand(
  name: string | undefined,
  options: SecretOptions,
): Promise<ExitCode> {
  const { target, store, limitMs } = await chooseSecret(name, options)
  const { clock } = await composeSystem()
  const versions = await composeVersions(store)
  const listed = await versions.list({ signal: clock.deadline(limitMs) })
  const place = { ...(target !== undefined && { target }), secret: versions.secret }
  const report = versionsReport(place, listed, clock.now())
  if (options.json === true || options.logJson === true) printJson(report, options)
  else print(versionsText(report))
  return EXIT.ok
}

/** The secret of `--secret`, or that of a target. @throws UsageError, ERR_CONFIG */
export async function chooseSecret(
  name: string | undefined,
  options: SecretOptions,
): Promise<ChosenSecret> {
  const { secret, region } = options
  if (secret !== undefined) {
    if (name !== undefined)
      throw new UsageError('Both a target and --secret are given.', 'Leave one of them out.')
    const place = { secret, ...(region !== undefined && { region }) }
    return { store: { kind: 'secrets-manager', ...place }, limitMs: LIMIT_MS }
  }
  if (region !== undefined)
    throw new UsageError(
      '--region is given without --secret.',
      'Leave --region out: the configuration says where the secret of a target is.',
    )
  const config = await openConfig(options)
  const [target] = chooseTargets(config, name, {})
  const found = config.targets[target]
  if (!found) throw new Error(`${target} was chosen and is not there`)
  return { target, store: found.store, limitMs: found.callLimitMs }
}

/** Says which version is which: pure. */
export function versionsReport(
  place: Pick<VersionsReport, 'target' | 'secret'>,
  listed: readonly ListedVersion[],
  now: Date,
): VersionsReport {
  const holder = (label: string): string | undefined =>
    listed.find(({ labels }) => labels.includes(label))?.id
  const [current, previous] = [holder('AWSCURRENT'), holder('AWSPREVIOUS')]
  const pending = holder('AWSPENDING')
  // Stores list the oldest first, so of two with the same date the later one is the newer.
  const newestFirst = listed.toReversed().toSorted((a, b) => timeOf(b) - timeOf(a))
  return {
    ...place,
    ...(current !== undefined && { current }),
    ...(previous !== undefined && { previous }),
    ...(pending !== undefined && pending !== current && { pending }),
    versions: newestFirst.map((version) => withAge(version, now)),
  }
}

function timeOf({ createdAt }: ListedVersion): number {
  return createdAt?.getTime() ?? 0
}

function withAge({ id, labels, createdAt }: ListedVersion, now: Date): AgedVersion {
  const known = { id, labels: labels.toSorted() }
  if (!createdAt) return known
  return { ...known, createdAt, ageMs: Math.max(0, now.getTime() - createdAt.getTime()) }
}

/** For people: a line for each version, and one for what is pending. */
export function versionsText(report: VersionsReport): string {
  const { target, secret, versions, pending } = report
  const head = target === undefined ? bold(secret) : `${bold(target)} (${secret})`
  const count = versions.length === 1 ? '1 version' : `${versions.length} versions`
  const rows = versions.map(({ id, labels, createdAt, ageMs = 0 }) => {
    const label = labels.length === 0 ? 'no label' : labels.map(plain).join(', ')
    const made = createdAt && `${createdAt.toISOString()}  ${formatDuration(ageMs)} old`
    return { label, text: `${id}  ${made ?? 'no date'}` }
  })
  const width = Math.max(...rows.map(({ label }) => label.length))
  const lines = rows.map(({ label, text }) => `  ${label.padEnd(width)}  ${text}`)
  const stands = versions.find(({ id }) => id === pending)
  const tail = stands ? [`  ${red(pendingText(stands))}`] : []
  return [`${head}: ${count}`, ...lines, ...tail].join('\n')
}

function pendingText({ id, ageMs }: AgedVersion): string {
  const age = ageMs === undefined ? '' : `, ${formatDuration(ageMs)} old`
  return `${id} is AWSPENDING${age} and not current: a rotation is open or has stopped half-way`
}

/** AWS lets a label have any characters. */
function plain(label: string): string {
  return label.replaceAll(/\p{C}/gu, '')
}
