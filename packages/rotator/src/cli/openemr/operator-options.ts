import type { EcsPlace, JobPlace, LaunchPlace } from '../../compose/drop-in.ts'
import { parseDuration } from '../../config/duration.ts'
import { UsageError } from '../options.ts'
import { DEFAULT_MODE } from './permissions.ts'

/** What the operator's commands are told about where the rotation runs. */
export interface LaunchOptions {
  /** In a task of ECS; said where both would fit. */
  readonly task?: true
  /** In a Job of Kubernetes; said where both would fit. */
  readonly job?: true
  readonly cluster?: string
  readonly service?: string
  readonly taskDefinition?: string
  readonly container?: string
  readonly region?: string
  readonly namespace?: string
  readonly cronJob?: string
  readonly manifest?: string
  readonly image?: string
  readonly context?: string
  /** Follow the Job that runs already, and start none. */
  readonly attach?: true
  /** A duration, as `150m`. */
  readonly limit: string
  /** False: the command is not told to print JSON. */
  readonly json: boolean
}

/** The options of `cuedot openemr fix-permissions`. */
export interface FixOptions extends LaunchOptions {
  readonly mode?: string
  readonly owner?: string
  readonly dryRun?: true
}

type Env = Readonly<Record<string, string | undefined>>

const OF_ECS = [
  ['cluster', '--cluster', 'OPENEMR_ECS_CLUSTER'],
  ['service', '--service', 'OPENEMR_ECS_SERVICE'],
  ['taskDefinition', '--task-definition', 'OPENEMR_ROTATION_TASK_DEFINITION'],
] as const

const WHICH =
  'For ECS give --cluster, --service and --task-definition, for EKS --job; docs/openemr.md lists ' +
  'the variables that say the same.'

/**
 * Where the rotation runs, as flags and environment say; a flag goes before its variable.
 * @throws UsageError where it is not clear, or something is missing
 */
export function placeOf(options: LaunchOptions, env: Env): LaunchPlace {
  if (options.task === true && options.job === true)
    throw new UsageError('It runs in a task or in a Job.', 'Give --task or --job.')
  const ecs = OF_ECS.some(([key, , variable]) => valueOf(options[key], env[variable]) !== undefined)
  const { namespace, cronJob, manifest } = options
  const eks = [valueOf(namespace, env['K8S_NAMESPACE']), cronJob, manifest].some(Boolean)
  if (options.task === true) return ecsPlace(options, env)
  if (options.job === true) return jobPlace(options, env)
  if (ecs && eks) throw new UsageError('Both ECS and EKS are named.', 'Give --task or --job.')
  if (ecs) return ecsPlace(options, env)
  if (eks) return jobPlace(options, env)
  throw new UsageError('Nothing says where the rotation runs.', WHICH)
}

const ECS_FLAGS = ['cluster', 'service', 'taskDefinition', 'region'] as const
const EKS_FLAGS = ['namespace', 'cronJob', 'manifest', 'image', 'context', 'attach'] as const

/** True where flags name something of a place: for a command that goes nowhere. */
export function namesPlace(options: Partial<LaunchOptions>): boolean {
  return [...ECS_FLAGS, ...EKS_FLAGS, 'container' as const].some(
    (key) => options[key] !== undefined,
  )
}

/** A variable may be there for another purpose; a flag that would be ignored is a mistake. */
function demandNone(
  options: LaunchOptions,
  keys: readonly (keyof LaunchOptions)[],
  kind: string,
): void {
  if (keys.some((key) => options[key] !== undefined))
    throw new UsageError(
      `A flag is given that is not for ${kind}.`,
      'See --help: each has its own.',
    )
}

function ecsPlace(options: LaunchOptions, env: Env): EcsPlace {
  demandNone(options, EKS_FLAGS, 'a task of ECS')
  const given = OF_ECS.map(([key, flag, variable]) => ({
    value: valueOf(options[key], env[variable]),
    name: `${flag} (${variable})`,
  }))
  const missing = given.filter(({ value }) => value === undefined).map(({ name }) => name)
  if (missing.length > 0) throw new UsageError(`Missing: ${missing.join(', ')}.`, WHICH)
  const [cluster = '', service = '', taskDefinition = ''] = given.map(({ value }) => value ?? '')
  const region = valueOf(options.region, env['AWS_REGION'])
  const { container } = options
  return {
    ...{ kind: 'ecs', cluster, service, taskDefinition },
    ...(container !== undefined && { container }),
    ...(region !== undefined && { region }),
  }
}

function jobPlace(options: LaunchOptions, env: Env): JobPlace {
  demandNone(options, ECS_FLAGS, 'a Job of Kubernetes')
  const { manifest, context, container } = options
  const image = valueOf(options.image, env['CREDENTIAL_ROTATION_IMAGE'])
  return {
    kind: 'job',
    namespace: valueOf(options.namespace, env['K8S_NAMESPACE']) ?? 'openemr',
    cronJob: options.cronJob ?? 'credential-rotation',
    variables: env,
    ...(manifest !== undefined && { manifest }),
    ...(container !== undefined && { container }),
    ...(image !== undefined && { image }),
    ...(context !== undefined && { context }),
  }
}

function valueOf(flag: string | undefined, variable: string | undefined): string | undefined {
  return flag ?? (variable === '' ? undefined : variable)
}

/** @returns milliseconds @throws UsageError for what is no duration */
export function limitOf({ limit }: Pick<LaunchOptions, 'limit'>): number {
  const ms = parseDuration(limit)
  if (ms !== undefined && ms > 0) return ms
  throw new UsageError(`${limit} is no time limit.`, 'Give a number and a unit: 30m, 2h.')
}

/** What takes a value of its own. */
const WITH_VALUE: ReadonlySet<string> = new Set(['--mode', '--owner'])
const ALONE: ReadonlySet<string> = new Set([
  '--dry-run',
  '--log-json',
  '--sync-db-users',
  '--fix-permissions',
])

/**
 * The flags behind `--`, which go to the task as they are. What the task would not take is refused
 * here: a task that ends with a matter of usage takes a minute.
 * @throws UsageError
 */
export function checkFlags(flags: readonly string[]): readonly string[] {
  const bad = flags.filter((flag, at) => {
    if (WITH_VALUE.has(flags[at - 1] ?? '')) return false
    if (WITH_VALUE.has(flag)) return flags[at + 1] === undefined
    return !ALONE.has(flag)
  })
  if (bad.length === 0) return flags
  const known = [...ALONE, ...WITH_VALUE].join(', ')
  throw new UsageError(`The task does not take ${bad.join(' ')}.`, `It takes: ${known}.`)
}

/** The flags with which the task sets mode and owner. */
export function fixFlags({ mode, owner, dryRun }: FixOptions): readonly string[] {
  return [
    '--fix-permissions',
    ...(dryRun === true ? ['--dry-run'] : []),
    ...['--mode', mode ?? DEFAULT_MODE],
    ...(owner === undefined ? [] : ['--owner', owner]),
  ]
}
