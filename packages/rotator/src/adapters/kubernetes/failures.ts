import { arrived, failureOf, isTlsFailure, summaryOf } from '../common/aws-failures.ts'
import { RotatorError, isRotatorError } from '../../errors.ts'

/** The calls that are made, as a Role names them. */
export type Operation =
  | 'get secrets'
  | 'patch secrets'
  | 'get deployments'
  | 'patch deployments'
  | 'list pods'
  | 'get pods/log'
  | 'get cronjobs'
  | 'get jobs'
  | 'list jobs'
  | 'create jobs'
  | 'create selfsubjectaccessreviews'

/** What was tried on which object. */
export interface Attempt {
  /** As `Secret openemr/openemr-db-credentials`. */
  readonly where: string
  readonly operation: Operation
  readonly signal: AbortSignal
}

/** The API server, or whatever stands before it, answered something else than was asked for. */
export class Answered extends Error {
  override readonly name = 'Answered'
  readonly status: number
  readonly body: string

  /** @param body - may quote what was sent, so it is looked at and never shown as it is */
  constructor(status: number, body: string) {
    super(`HTTP ${status}`)
    this.status = status
    this.body = body
    Object.defineProperty(this, 'body', { enumerable: false })
  }
}

/** No credentials could be had, so nothing was sent. */
export class CredentialsFailed extends Error {
  override readonly name = 'CredentialsFailed'
  /** What failed, without what it printed. */
  readonly problem: string

  constructor(plugin: string | undefined, error: unknown) {
    super('no credentials for Kubernetes')
    const { code } = failureOf(error)
    const what = plugin === undefined ? 'the credentials' : `the credential plugin ${plugin}`
    this.problem = `${what} failed${code === '' ? '' : ` (${code})`}`
  }
}

/** The parts of the API server's Status object that are looked at. */
interface Status {
  readonly reason: string
  readonly message: string
  /** Of a refused object: which fields. */
  readonly fields: readonly string[]
}

/** True when the API server does not know the token: certainly nothing was done. */
export function isUnknownCaller(error: unknown): boolean {
  return error instanceof Answered && error.status === 401
}

/**
 * The error to throw for whatever a request failed with. Classified by status, errno and TLS
 * code only.
 * @see Kubernetes API conventions, "HTTP Status codes" and "Response Status Kind"
 */
export function classify(error: unknown, attempt: Attempt): RotatorError {
  if (isRotatorError(error)) return error
  const { where, operation, signal } = attempt
  const answered = error instanceof Answered ? error : undefined
  const failure = { ...failureOf(error), status: answered?.status ?? 0 }
  const options = { cause: new Error(summaryOf(failure)) }
  if (error instanceof CredentialsFailed) {
    const { problem } = error
    return new RotatorError('ERR_KUBERNETES_LOGIN', { where, operation, problem }, options)
  }
  if (answered && answered.status >= 400 && answered.status < 500)
    return refusal(answered, attempt, options)
  if (isWrite(operation) && arrived(failure))
    return new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where }, options)
  if (signal.aborted && isRotatorError(signal.reason)) return signal.reason
  if (isTlsFailure(failure))
    return new RotatorError('ERR_KUBERNETES_TLS', { where, reason: failure.code }, options)
  const reason = failure.code || (failure.status > 0 ? `HTTP ${failure.status}` : failure.name)
  return new RotatorError('ERR_KUBERNETES_UNREACHABLE', { where, operation, reason }, options)
}

/** True for a call that changes something. A review of one's own permissions is never kept. */
export function isWrite(operation: Operation): boolean {
  return operation.startsWith('patch') || operation === 'create jobs'
}

function refusal(
  { status: code, body }: Answered,
  { where, operation }: Attempt,
  options: { readonly cause: Error },
): RotatorError {
  const status = statusOf(body)
  const says = operation === 'patch secrets' ? '' : status.message
  switch (code) {
    case 401:
      return new RotatorError(
        'ERR_KUBERNETES_LOGIN',
        { where, operation, problem: 'the API server does not accept the credentials (401)' },
        options,
      )
    case 403:
      return new RotatorError('ERR_KUBERNETES_DENIED', { where, needs: operation, says }, options)
    case 404:
      return operation === 'get secrets' || operation === 'patch secrets'
        ? new RotatorError('ERR_TARGET_MISSING', { path: where }, options)
        : new RotatorError('ERR_RUNTIME_MISSING', { runtime: where }, options)
    case 409:
      return new RotatorError('ERR_KUBERNETES_CONFLICT', { where, operation }, options)
    case 429:
      return new RotatorError('ERR_KUBERNETES_THROTTLED', { where, operation }, options)
    default: {
      const fields = status.fields.join(', ')
      const parts = [`HTTP ${code}`, status.reason, fields, says]
      const problem = parts.filter((part) => part !== '').join(': ')
      return new RotatorError('ERR_KUBERNETES_REFUSED', { where, operation, problem }, options)
    }
  }
}

/** The body is a Status object, or whatever a proxy answered. */
function statusOf(answer: string): Status {
  const body = parsed(answer)
  if (!isRecord(body)) return { reason: '', message: '', fields: [] }
  const details = isRecord(body['details']) ? body['details'] : {}
  const causes: readonly unknown[] = Array.isArray(details['causes']) ? details['causes'] : []
  return {
    reason: text(body['reason']),
    message: text(body['message']).slice(0, 300),
    fields: causes.map((cause) => (isRecord(cause) ? text(cause['field']) : '')).filter(Boolean),
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
