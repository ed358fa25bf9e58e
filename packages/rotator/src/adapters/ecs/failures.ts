import { RotatorError, isRotatorError } from '../../errors.ts'
import { AnswerLost, failureOf, isThrottled, summaryOf } from '../common/aws-failures.ts'

/** The API actions that are used. */
export type EcsOperation =
  | 'UpdateService'
  | 'DescribeServices'
  | 'DescribeTaskDefinition'
  | 'RunTask'
  | 'DescribeTasks'

/** What was asked about what. */
export interface EcsAttempt {
  /** For messages: `shop/web`, cluster and service, or what else is asked about. */
  readonly service: string
  readonly operation: EcsOperation
  readonly signal: AbortSignal
}

/**
 * The error to throw for an error of the SDK. Classified by name, errno and status only.
 * @see Amazon ECS API reference, the "Errors" of each action and "Common Errors"
 */
export function classifyEcs(error: unknown, attempt: EcsAttempt): RotatorError {
  if (isRotatorError(error)) return error
  const { service, operation, signal } = attempt
  const action = `ecs:${operation}`
  const failure = failureOf(error)
  const { name, status } = failure
  const options = { cause: new Error(summaryOf(failure)) }
  if (error instanceof AnswerLost)
    return new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where: service }, options)
  if (signal.aborted && isRotatorError(signal.reason)) return signal.reason
  if (isThrottled(failure))
    return new RotatorError('ERR_ECS_THROTTLED', { service, action }, options)
  if (NOT_FOUND.has(name))
    return new RotatorError('ERR_ECS_UNKNOWN', { service, problem: name }, options)
  if (UNFIT.has(name)) return new RotatorError('ERR_ECS_UNFIT', { service, problem: name }, options)
  if (DENIED.has(name) || status === 401 || status === 403)
    return new RotatorError('ERR_ECS_DENIED', { service, action, problem: name }, options)
  if (status >= 400 && status < 500)
    return new RotatorError('ERR_ECS_REFUSED', { service, action, problem: name }, options)
  return new RotatorError('ERR_ECS_UNREACHABLE', { service, action }, options)
}

const NOT_FOUND: ReadonlySet<string> = new Set([
  'ClusterNotFoundException',
  'ServiceNotFoundException',
])

const UNFIT: ReadonlySet<string> = new Set([
  'ServiceNotActiveException',
  'UnsupportedFeatureException',
])

/** Some of these come with status 400. */
const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'NotAuthorized',
  'UnrecognizedClientException',
])
