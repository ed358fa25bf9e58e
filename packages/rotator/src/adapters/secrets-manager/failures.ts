import { RotatorError, isRotatorError } from '../../errors.ts'

/** The parts of an SDK or socket error that may be looked at and shown: never its message. */
export interface Failure {
  /** `ThrottlingException`, `TimeoutError`; what the service or the SDK calls it. */
  readonly name: string
  /** errno or TLS code of a connection that failed, as `ECONNRESET`. */
  readonly code: string
  /** HTTP status of the answer; 0 when there was none. */
  readonly status: number
  readonly requestId: string
}

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

/** A write was sent and its answer never came, or came as a failure of the server itself. */
export class AnswerLost extends Error {
  override readonly name = 'AnswerLost'
}

/** Takes an error apart. */
export function failureOf(error: unknown): Failure {
  const raw: Readonly<Record<string, unknown>> = isRecord(error) ? error : {}
  const metadata = isRecord(raw['$metadata']) ? raw['$metadata'] : {}
  const status = metadata['httpStatusCode']
  return {
    name: text(raw['name']),
    code: text(raw['code']),
    status: typeof status === 'number' ? status : 0,
    requestId: text(metadata['requestId']),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

const THROTTLED: ReadonlySet<string> = new Set([
  'RequestLimitExceeded',
  'SlowDown',
  'Throttling',
  'ThrottledException',
  'ThrottlingException',
  'TooManyRequestsException',
])

/** Codes with which a connection fails before a request can be sent on it. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPROTO',
])

/** OpenSSL's and Node's names for a certificate that is not accepted. */
const TLS_CODE = /CERT|ERR_TLS|ERR_SSL|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH/

/**
 * True when a request that failed like this may have reached the service and had its effect. A
 * refusal is an answer; a failure of the server itself (5xx) says nothing about the effect.
 */
export function mayHaveArrived(error: unknown): boolean {
  const { name, code, status } = failureOf(error)
  if (status >= 400 && status < 500) return false
  if (THROTTLED.has(name)) return false
  return !NOT_SENT.has(code) && !TLS_CODE.test(code)
}

/**
 * The error to throw for an error of the SDK. Classified by name, errno and status only.
 * @see AWS Secrets Manager API reference, the "Errors" of each action and "Common Errors"
 */
export function classify(error: unknown, attempt: Attempt): RotatorError {
  if (isRotatorError(error)) return error
  const { secret, operation, signal } = attempt
  const failure = failureOf(error)
  const options = { cause: new Error(summary(failure)) }
  if (error instanceof AnswerLost)
    return new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where: secret }, options)
  if (signal.aborted && isRotatorError(signal.reason)) return signal.reason
  if (THROTTLED.has(failure.name) || failure.status === 429)
    return new RotatorError('ERR_STORE_THROTTLED', { secret, operation }, options)
  const named = byName(failure.name, operation)
  if (named === 'ERR_STORE_NOT_FOUND') return new RotatorError(named, { secret }, options)
  if (named === 'ERR_STORE_LIMIT')
    return new RotatorError(named, { secret, problem: failure.name }, options)
  const refused = failure.status >= 400 && failure.status < 500
  const code = named ?? (refused ? 'ERR_STORE_DENIED' : 'ERR_STORE_UNREACHABLE')
  return new RotatorError(code, { secret, operation }, options)
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

/** Messages of AWS may quote what was sent, so the cause holds none. */
function summary({ name, code, status, requestId }: Failure): string {
  const parts = [name || 'Error', code, status > 0 ? `HTTP ${status}` : '', requestId]
  return parts.filter((part) => part !== '').join(', ')
}
