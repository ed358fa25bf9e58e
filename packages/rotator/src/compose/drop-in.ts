import type { Permissions } from '../adapters/files/permissions.ts'
import type { ProbeAnswer } from '../adapters/runtimes/http-probe.ts'
import type { EndpointConfig } from '../config/types.ts'
import type { Call } from '../ports/call.ts'
import type { Launcher } from '../ports/launcher.ts'

/** MariaDB or MySQL, as the server there greets. @throws ERR_DB_* */
export async function detectMysqlFamily(
  endpoint: EndpointConfig,
  call: Call,
): Promise<'mariadb' | 'mysql'> {
  const { engineAt } = await import('../adapters/mysql/protocol/greeting.ts')
  return await engineAt(endpoint, call)
}

/** Asks a page once: its status, or why there is none. */
export async function askPage(url: URL, timeoutMs: number, call: Call): Promise<ProbeAnswer> {
  const { probe } = await import('../adapters/runtimes/http-probe.ts')
  return await probe({ url, timeoutMs, signal: call.signal })
}

/** Sets the mode, and the owner where one is given, of a file. @throws ERR_TARGET_* */
export async function repairPermissions(path: string, wanted: Permissions): Promise<void> {
  const { setPermissions } = await import('../adapters/files/permissions.ts')
  await setPermissions(path, wanted)
}

/** A task of ECS in the network of a service. */
export interface EcsPlace {
  readonly kind: 'ecs'
  /** Names or ARNs. */
  readonly cluster: string
  readonly service: string
  /** Family, family and revision, or ARN. */
  readonly taskDefinition: string
  /** Default: the only container that is essential. */
  readonly container?: string
  /** Default: as the SDK finds it. */
  readonly region?: string
}

/** A Job of Kubernetes. */
export interface JobPlace {
  readonly kind: 'job'
  readonly namespace: string
  /** What it is made from, where no file is given. */
  readonly cronJob: string
  /** A file with a Job or a CronJob. */
  readonly manifest?: string
  /** What the placeholders of that file stand for. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Default: the only one. */
  readonly container?: string
  /** Default: the one that is named there. */
  readonly image?: string
  /** Of the kubeconfig. Default: its current one. */
  readonly context?: string
}

/** Where a command is started. */
export type LaunchPlace = EcsPlace | JobPlace

/**
 * What starts commands there. Connects to nothing.
 * @param token - names one start: the same never starts twice. 1 to 64 characters of `[a-z0-9-]`
 */
export async function composeLauncher(place: LaunchPlace, token: string): Promise<Launcher> {
  if (place.kind === 'job') {
    const { jobLauncher } = await import('../adapters/kubernetes/job-launcher.ts')
    return jobLauncher({ ...place, token })
  }
  const { ecsLauncher } = await import('../adapters/ecs/launcher.ts')
  const { logStream } = await import('../adapters/cloudwatch-logs/stream.ts')
  const { kind: _kind, region, ...options } = place
  const here = region === undefined ? {} : { region }
  return ecsLauncher({
    ...options,
    ...here,
    token,
    openLog: ({ group, region: there }, stream) =>
      logStream({ ...here, ...(there !== undefined && { region: there }), group, stream }),
  })
}
