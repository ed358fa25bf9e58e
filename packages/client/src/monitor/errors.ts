/**
 * - `ERR_SECRET_NOT_FOUND`: there is no such secret (`ResourceNotFoundException`).
 * - `ERR_SECRET_DENIED`: it may not be described (`AccessDeniedException`): the caller needs
 *   `secretsmanager:DescribeSecret` on it.
 * - `ERR_SECRET_DESCRIBE`: it could not be described for another reason.
 *
 * @see AWS Secrets Manager API reference, DescribeSecret, "Errors"; "Common Error Types"
 */
export type MonitorErrorCode = 'ERR_SECRET_NOT_FOUND' | 'ERR_SECRET_DENIED' | 'ERR_SECRET_DESCRIBE'

/** Why nothing can be said of a secret; `cause` is what `describe` rejected with. */
export class MonitorError extends Error {
  override readonly name = 'MonitorError'
  readonly code: MonitorErrorCode

  constructor(code: MonitorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whatever went wrong while a secret was described. */
export function toMonitorError(secretId: string, cause: unknown): MonitorError {
  const name = cause instanceof Error ? cause.name : ''
  if (name === 'ResourceNotFoundException')
    return new MonitorError('ERR_SECRET_NOT_FOUND', `there is no secret ${secretId}`, { cause })
  if (name === 'AccessDeniedException') {
    const message = `secretsmanager:DescribeSecret is not allowed on ${secretId}`
    return new MonitorError('ERR_SECRET_DENIED', message, { cause })
  }
  const message = `${secretId} could not be described`
  return new MonitorError('ERR_SECRET_DESCRIBE', message, { cause })
}
