import { parseDuration } from '../../config/duration.ts'
import { Unusable } from './failures.ts'

/** What rolls OpenEMR, as the environment names it. */
export type Platform =
  | { readonly kind: 'ecs'; readonly cluster: string; readonly service: string }
  | {
      readonly kind: 'eks'
      readonly namespace: string
      readonly deployment: string
      readonly secret: string
    }

/** What the environment of a rotation task says. No secret is among it. */
export interface Variables {
  readonly region: string
  /** Name or ARN of the secret with the slot document. */
  readonly slotSecret: string
  /** Name or ARN of the secret with the admin's login. */
  readonly adminSecret: string
  /** The folder in which OpenEMR's `sites` are mounted. */
  readonly mountRoot: string
  readonly platform: Platform
  /** A page that is asked once when everything runs on the new credential. */
  readonly healthUrl?: string
  readonly roll: RollTimes
}

/** Durations as cuedot.yaml writes them (`45m`); absent: what cuedot.yaml defaults to. */
export interface RollTimes {
  /** After this a rollout has failed. `1s` to `1d`. */
  readonly limit?: string
  /** Longest time between two looks at it. `100ms` to `5m`. */
  readonly poll?: string
}

/** Where `sites` is mounted when nothing says so: in the images that both tools ran in. */
export const DEFAULT_MOUNT_ROOT = '/mnt/openemr-sites'

type Env = Readonly<Record<string, string | undefined>>

const COMMON = [
  'AWS_REGION',
  'RDS_SLOT_SECRET_ID',
  'RDS_ADMIN_SECRET_ID',
  'OPENEMR_SITES_MOUNT_ROOT',
] as const
const OF_ECS = ['OPENEMR_ECS_CLUSTER', 'OPENEMR_ECS_SERVICE'] as const
const OF_EKS = ['K8S_NAMESPACE', 'K8S_DEPLOYMENT_NAME', 'K8S_SECRET_NAME'] as const

/**
 * Reads the environment of the rotation task of openemr-on-ecs or openemr-on-eks. Which of the two
 * it is follows from the variables that are there; where none is, from what ECS and Kubernetes put
 * into every container.
 *
 * @throws Unusable naming every variable that is missing or empty, in the order in which
 *   they are documented; or the one whose time is none
 */
export function readVariables(env: Env): Variables {
  const eks = isEks(env)
  const missing = [...COMMON, ...(eks ? OF_EKS : OF_ECS)].filter((name) => !given(env, name))
  if (missing.length > 0)
    throw new Unusable(`Missing required environment variables: ${missing.join(', ')}`)
  const healthUrl = valueOf(env, 'OPENEMR_HEALTHCHECK_URL')
  return {
    region: valueOf(env, 'AWS_REGION'),
    slotSecret: valueOf(env, 'RDS_SLOT_SECRET_ID'),
    adminSecret: valueOf(env, 'RDS_ADMIN_SECRET_ID'),
    mountRoot: valueOf(env, 'OPENEMR_SITES_MOUNT_ROOT'),
    platform: eks ? eksOf(env) : ecsOf(env),
    roll: rollOf(env),
    ...(healthUrl !== '' && { healthUrl }),
  }
}

/** Where `sites` is mounted: all that repairing permissions needs to know. */
export function mountRootOf(env: Env): string {
  return valueOf(env, 'OPENEMR_SITES_MOUNT_ROOT') || DEFAULT_MOUNT_ROOT
}

function isEks(env: Env): boolean {
  const [ecs, eks] = [OF_ECS, OF_EKS].map((names) => names.some((name) => given(env, name)))
  if (ecs === true && eks === true)
    throw new Unusable(
      `Variables of ECS and of EKS are set: keep ${OF_ECS.join(', ')} or ${OF_EKS.join(', ')}`,
    )
  // Kubernetes documents this variable for every Pod ("Environment variables" of Services).
  return ecs === true ? false : eks === true || given(env, 'KUBERNETES_SERVICE_HOST')
}

function ecsOf(env: Env): Platform {
  const [cluster, service] = OF_ECS.map((name) => valueOf(env, name))
  return { kind: 'ecs', cluster: cluster ?? '', service: service ?? '' }
}

function eksOf(env: Env): Platform {
  const [namespace, deployment, secret] = OF_EKS.map((name) => valueOf(env, name))
  return {
    ...{ kind: 'eks', namespace: namespace ?? '' },
    ...{ deployment: deployment ?? '', secret: secret ?? '' },
  }
}

function rollOf(env: Env): RollTimes {
  const limit = timeOf(env, 'CUEDOT_ROLL_LIMIT', ['1s', '1d'])
  const poll = timeOf(env, 'CUEDOT_ROLL_POLL', ['100ms', '5m'])
  return { ...(limit !== undefined && { limit }), ...(poll !== undefined && { poll }) }
}

function timeOf(
  env: Env,
  name: string,
  [least, most]: readonly [string, string],
): string | undefined {
  const text = valueOf(env, name)
  if (text === '') return undefined
  const [ms = -1, leastMs = 0, mostMs = 0] = [text, least, most].map(parseDuration)
  if (ms >= leastMs && ms <= mostMs) return text
  throw new Unusable(`${name} must be a time from ${least} to ${most}, as 30s or 45m: ${text}`)
}

function given(env: Env, name: string): boolean {
  return valueOf(env, name) !== ''
}

function valueOf(env: Env, name: string): string {
  return env[name] ?? ''
}
