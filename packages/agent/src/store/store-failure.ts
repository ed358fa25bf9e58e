import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager'
import { errnoOf } from '../errors.ts'

/** What went wrong with a request to Secrets Manager, in the words of an HTTP answer. */
export interface FailureFields {
  readonly status: number
  /** The name of the error: `ResourceNotFoundException`. */
  readonly type: string
  /** For the one who asks; it is never logged. */
  readonly text?: string
  /** True for what may be different in a moment. */
  readonly isTransient: boolean
}

/** A request to Secrets Manager that failed. Its message is its type: what a log may hold. */
export class StoreFailure extends Error {
  readonly status: number
  readonly isTransient: boolean
  readonly #text: string

  constructor({ status, type, text = '', isTransient }: FailureFields) {
    super(type)
    this.name = 'StoreFailure'
    this.status = status
    this.isTransient = isTransient
    this.#text = text
  }

  /**
   * The JSON that AWS's agent answers: `__type` and `message`, or `InternalFailure` alone where
   * there is no message.
   *
   * @see aws/aws-secretsmanager-agent, `aws_secretsmanager_agent/src/utils.rs`, err_response
   */
  body(): string {
    if (this.#text === '' || this.message === 'InternalFailure')
      return JSON.stringify({ __type: 'InternalFailure' })
    return JSON.stringify({ __type: this.message, message: this.#text })
  }
}

/** The answer took too long. */
export function timedOut(): StoreFailure {
  return new StoreFailure({
    ...{ status: 504, type: 'TimeoutError', text: 'Timeout' },
    isTransient: true,
  })
}

/** @see AWS SDK for JavaScript, @smithy/service-error-classification: THROTTLING_ERROR_CODES */
const THROTTLING = /^(?:Throttl|TooManyRequests|RequestLimitExceeded|RequestThrottled|SlowDown)/

/**
 * What an error of the SDK is to the one who asked. Transient are timeouts, broken connections,
 * answers that cannot be read, HTTP 5xx and throttling.
 *
 * @see aws/aws-secretsmanager-agent, `cache_manager.rs`, svc_err (status and body of each) and
 *   `aws_secretsmanager_caching/src/error.rs`, is_transient_error, which leaves out throttling
 */
export function failureOf(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error
  const errno = errnoOf(error)
  // First of all: the SDK calls a connection that was reset a timeout, too.
  if (/^E[A-Z_]+$/.test(errno)) return errno === 'ETIMEDOUT' ? timedOut() : broken('Read Error')
  if (error instanceof Error && /^(?:TimeoutError|AbortError)$/.test(error.name)) return timedOut()
  if (error instanceof SecretsManagerServiceException) {
    const { name: type, message: text } = error
    const status = error.$metadata.httpStatusCode ?? 500
    return new StoreFailure({ status, type, text, isTransient: status >= 500 || isThrottled(type) })
  }
  if (error instanceof SyntaxError) return broken('Response Error')
  return new StoreFailure({ status: 500, type: 'InternalFailure', isTransient: false })
}

function isThrottled(type: string): boolean {
  return THROTTLING.test(type)
}

function broken(text: string): StoreFailure {
  return new StoreFailure({ status: 502, type: 'ConnectionError', text, isTransient: true })
}
