/**
 * Operational errors: what adapters throw when the world does not cooperate.
 *
 * Match on `code`; texts may change. A refusal (the system is fine, acting is not) is a value and
 * stands in `domain/refusals.ts`. What each code means stands in `error-catalogue.ts`.
 */
import { ERROR_CATALOGUE } from './error-catalogue.ts'
import type { EcsErrorDetails } from './error-catalogue/ecs.ts'
import type { KubernetesErrorDetails } from './error-catalogue/kubernetes.ts'
import type { LaunchErrorDetails } from './error-catalogue/launch.ts'
import type { OwnerErrorDetails } from './error-catalogue/owner.ts'

/**
 * What may be done about an error.
 * - `safe`: the request certainly had no effect; the same call may be made again.
 * - `never`: repeating cannot help; somebody has to change something.
 * - `observe-first`: the request may have had its effect; look before doing anything.
 */
export type Retry = 'safe' | 'never' | 'observe-first'

/** The details that each error carries. Names and addresses only, never a secret. */
export interface ErrorDetails
  extends EcsErrorDetails, KubernetesErrorDetails, LaunchErrorDetails, OwnerErrorDetails {
  ERR_CONFIG: { file: string; path: string; problem: string }
  ERR_STORE_NOT_FOUND: { secret: string }
  ERR_STORE_DENIED: { secret: string; operation: string; problem?: string }
  ERR_STORE_UNREACHABLE: { secret: string; operation: string }
  ERR_STORE_THROTTLED: { secret: string; operation: string }
  ERR_STORE_CONFLICT: { secret: string; operation: string }
  ERR_STORE_UNREADABLE: { secret: string; version: string; problem: string }
  ERR_DOCUMENT_NOT_JSON: { secret: string; version: string; problem: string }
  ERR_DOCUMENT_SHAPE: { secret: string; version: string; problem: string }
  ERR_DOCUMENT_SLOTS_IDENTICAL: { secret: string; version: string; problem: string }
  ERR_DOCUMENT_SLOT_IS_ADMIN: { secret: string; problem: string }
  ERR_STORE_KEY: { secret: string; problem: string }
  ERR_STORE_LIMIT: { secret: string; problem: string }
  ERR_DB_AUTH: { endpoint: string; username: string }
  ERR_DB_UNREACHABLE: { endpoint: string; reason: string }
  ERR_DB_OVERLOADED: { endpoint: string; reason: string }
  ERR_DB_READ_ONLY: { endpoint: string; reason: string }
  ERR_DB_DISK_FULL: { endpoint: string; reason: string }
  ERR_DB_BUSY: { endpoint: string; operation: string }
  ERR_DB_TLS: { endpoint: string; reason: string }
  ERR_DB_DENIED: { endpoint: string; username: string; operation: string }
  ERR_DB_STATEMENT: { endpoint: string; operation: string; sqlstate: string }
  ERR_DB_UNSUPPORTED: { endpoint: string; problem: string }
  ERR_TARGET_MISSING: { path: string }
  ERR_TARGET_UNREADABLE: { path: string; reason: string }
  ERR_TARGET_UNPARSABLE: { path: string; line?: number; problem: string }
  ERR_TARGET_NOT_LITERAL: { path: string; line: number; what: string }
  ERR_TARGET_AMBIGUOUS: { path: string; line: number; what: string }
  ERR_TARGET_INCOMPLETE: { path: string; what: string }
  ERR_TARGET_UNWRITABLE: { path: string; reason: string }
  ERR_TARGET_DISK_FULL: { path: string }
  ERR_TARGET_CHANGED: { path: string }
  ERR_RUNTIME_COMMAND: { runtime: string; program: string; exit: string }
  ERR_ROLL_FAILED: { runtime: string; why: string }
  ERR_OUTCOME_UNKNOWN: { operation: string; where: string }
  ERR_STRAGGLERS: { slot: string; username: string; sessions: string }
  ERR_SESSIONS_LEFT: { slot: string; username: string; sessions: string }
  ERR_QUARANTINE_MISSED: { slot: string; username: string; missed: string }
  ERR_POOLER: { pooler: string; username: string; limitMs: number }
  ERR_DEADLINE: { operation: string; limitMs: number }
  ERR_NO_EFFECT: { step: string; slot: string }
  ERR_INTERRUPTED: { signal: string }
  ERR_AUDIT: { file: string; problem: string }
  ERR_PLAN: { file: string; problem: string }
  ERR_EVENT: { problem: string }
}

export type ErrorCode = keyof ErrorDetails

const BRAND = Symbol.for('cuedot.RotatorError')

/**
 * The one class of operational errors. Narrow with {@link isRotatorError}, then switch on `code`.
 */
export class RotatorError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'RotatorError'
  readonly code: C
  readonly details: ErrorDetails[C]
  readonly retry: Retry
  /** What a person should do, in the imperative. */
  readonly hint: string

  constructor(code: C, details: ErrorDetails[C], options: { cause?: unknown } = {}) {
    const entry = ERROR_CATALOGUE[code]
    const facts = Object.entries(details).map(([key, value]) => `${key}: ${String(value)}`)
    super(`${entry.what} (${code}; ${facts.join(', ')})`, options)
    this.code = code
    this.details = details
    this.retry = entry.retry
    this.hint = entry.hint
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** The union that lets `switch (error.code)` narrow `error.details`. */
export type AnyRotatorError = { [C in ErrorCode]: RotatorError<C> }[ErrorCode]

/** True for our errors, also across two copies of this package. */
export function isRotatorError(error: unknown): error is AnyRotatorError {
  return typeof error === 'object' && error !== null && BRAND in error
}
