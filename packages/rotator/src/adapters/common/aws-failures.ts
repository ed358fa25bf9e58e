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

const THROTTLING: ReadonlySet<string> = new Set([
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

/** True when the service asked us to slow down. */
export function isThrottled({ name, status }: Failure): boolean {
  return THROTTLING.has(name) || status === 429
}

/** OpenSSL's and Node's names for a certificate that is not accepted. */
const TLS_CODE = /CERT|ERR_TLS|ERR_SSL|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH/

/** True for a connection on which the other side could not prove who it is. */
export function isTlsFailure({ code }: Failure): boolean {
  return TLS_CODE.test(code)
}

/**
 * True when a request that failed like this may have reached the service and had its effect. A
 * refusal is an answer; a failure of the server itself (5xx) says nothing about the effect.
 */
export function mayHaveArrived(error: unknown): boolean {
  return arrived(failureOf(error))
}

/** As {@link mayHaveArrived}, of an error that is taken apart already. */
export function arrived({ name, code, status }: Failure): boolean {
  if (status >= 400 && status < 500) return false
  if (THROTTLING.has(name)) return false
  return !NOT_SENT.has(code) && !TLS_CODE.test(code)
}

/** For a `cause`: messages of AWS may quote what was sent, so it holds none. */
export function summaryOf({ name, code, status, requestId }: Failure): string {
  const parts = [name || 'Error', code, status > 0 ? `HTTP ${status}` : '', requestId]
  return parts.filter((part) => part !== '').join(', ')
}
