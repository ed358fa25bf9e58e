import { AnswerLost, failureOf, isThrottled, summaryOf } from '../common/aws-failures.ts'
import { RotatorError, isRotatorError } from '../../errors.ts'

/** The API actions that are used. */
export type Operation =
  | 'GetSecretValue'
  | 'DescribeSecret'
  | 'PutSecretValue'
  | 'UpdateSecretVersionStage'

/** What was tried on which secret. */
export interface Attempt {
  readonly secret: string
  readonly operation: Operation
  readonly signal: AbortSignal
}

/**
 * The error to throw for an error of the SDK. Classified by name, errno and status only.
 * @see AWS Secrets Manager API reference, the "Errors" of each action and "Common Errors"
 */
export function classify(error: unknown, attempt: Attempt): RotatorError {
  if (isRotatorError(error)) return error
  const { secret, operation, signal } = attempt
  const failure = failureOf(error)
  const options = { cause: new Error(summaryOf(failure)) }
  if (error instanceof AnswerLost)
    return new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where: secret }, options)
  if (signal.aborted && isRotatorError(signal.reason)) return signal.reason
  if (isThrottled(failure))
    return new RotatorError('ERR_STORE_THROTTLED', { secret, operation }, options)
  const named = byName(failure.name, operation)
  if (named === 'ERR_STORE_NOT_FOUND') return new RotatorError(named, { secret }, options)
  if (named === 'ERR_STORE_LIMIT')
    return new RotatorError(named, { secret, problem: failure.name }, options)
  const refused = failure.status >= 400 && failure.status < 500
  const code = named ?? (refused ? 'ERR_STORE_DENIED' : 'ERR_STORE_UNREACHABLE')
  if (code !== 'ERR_STORE_DENIED') return new RotatorError(code, { secret, operation }, options)
  // As a policy calls it: it is what has to be granted.
  const action = `secretsmanager:${operation}`
  const details = { secret, operation: action, problem: failure.name }
  return new RotatorError(code, details, options)
}

type NamedCode =
  | 'ERR_STORE_NOT_FOUND'
  | 'ERR_STORE_CONFLICT'
  | 'ERR_STORE_LIMIT'
  | 'ERR_STORE_DENIED'

/** Refusals without an entry here are ERR_STORE_DENIED: AccessDenied, expired tokens. */
function byName(name: string, operation: Operation): NamedCode | undefined {
  switch (name) {
    case 'ResourceNotFoundException':
      return 'ERR_STORE_NOT_FOUND'
    case 'ResourceExistsException':
      return 'ERR_STORE_CONFLICT'
    case 'LimitExceededException':
      return 'ERR_STORE_LIMIT'
    case 'InvalidParameterException':
    case 'ValidationException':
      if (operation === 'UpdateSecretVersionStage') return 'ERR_STORE_CONFLICT'
      return operation === 'PutSecretValue' ? 'ERR_STORE_LIMIT' : 'ERR_STORE_NOT_FOUND'
    case 'InvalidRequestException':
      // Reading one that is marked for deletion; writing one that another service owns.
      return operation === 'GetSecretValue' ? 'ERR_STORE_NOT_FOUND' : 'ERR_STORE_DENIED'
    case 'CredentialsProviderError':
    case 'DecryptionFailure':
    case 'EncryptionFailure':
      return 'ERR_STORE_DENIED'
    default:
      return undefined
  }
}
