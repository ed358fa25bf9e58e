import type { RestartPlace } from '../../compose/restart-function.ts'
import { RotatorError } from '../../errors.ts'

/** Environment variables, by name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What the function is told by its environment. */
export interface RestartSettings extends RestartPlace {
  /** ARNs of the secrets that count. Empty: every secret does. */
  readonly secrets: readonly string[]
}

const SECRET_ARN = /^arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:./

/**
 * Reads `ECS_CLUSTER_NAME`, `ECS_SERVICE_NAMES` (with commas) and `SECRET_ARNS` (with commas; may
 * be missing).
 * @throws ERR_CONFIG naming the variable
 */
export function readRestartSettings(variables: Variables): RestartSettings {
  const [cluster] = listOf(variables['ECS_CLUSTER_NAME'])
  if (cluster === undefined) throw unusable('ECS_CLUSTER_NAME', 'is not set')
  const services = listOf(variables['ECS_SERVICE_NAMES'])
  if (services.length === 0) throw unusable('ECS_SERVICE_NAMES', 'names no service')
  const secrets = listOf(variables['SECRET_ARNS'])
  // A name here would match no event, and nothing would ever be restarted.
  const wrong = secrets.findIndex((secret) => !SECRET_ARN.test(secret))
  if (wrong !== -1) throw unusable('SECRET_ARNS', `entry ${wrong + 1} is no ARN of a secret`)
  return { cluster, services, secrets }
}

/** Each once. */
function listOf(value = ''): readonly string[] {
  const parts = value.split(',').map((part) => part.trim())
  return [...new Set(parts)].filter((part) => part !== '')
}

function unusable(path: string, problem: string): RotatorError {
  return new RotatorError('ERR_CONFIG', { file: 'environment', path, problem })
}
