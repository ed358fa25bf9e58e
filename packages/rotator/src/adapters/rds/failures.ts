import { RotatorError, isRotatorError } from '../../errors.ts'
import { AnswerLost, failureOf, isThrottled, summaryOf } from '../common/aws-failures.ts'

/** The API actions that are used. */
export type RdsOperation =
  | 'DescribeDBInstances'
  | 'DescribeDBClusters'
  | 'ModifyDBInstance'
  | 'ModifyDBCluster'

/** What was asked about what. */
export interface RdsAttempt {
  /** For messages: `DB instance shop`. */
  readonly owner: string
  readonly operation: RdsOperation
  readonly signal: AbortSignal
}

/**
 * The error to throw for an error of the SDK. Classified by name, errno and status only; the SDK
 * names a modelled error with the suffix `Fault`, the service mostly without.
 * @see Amazon RDS API reference, the "Errors" of each action and "Common Errors"
 */
export function classifyRds(error: unknown, attempt: RdsAttempt): RotatorError {
  if (isRotatorError(error)) return error
  const { owner, operation, signal } = attempt
  const failure = failureOf(error)
  const options = { cause: new Error(summaryOf(failure)) }
  if (error instanceof AnswerLost)
    return new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where: owner }, options)
  if (signal.aborted && isRotatorError(signal.reason)) return signal.reason
  if (isThrottled(failure))
    return new RotatorError('ERR_OWNER_THROTTLED', { owner, operation }, options)
  const name = failure.name.replace(/Fault$/, '')
  if (NOT_FOUND.has(name))
    return new RotatorError('ERR_OWNER_UNKNOWN', { owner, problem: name }, options)
  if (WRONG_STATE.has(name))
    return new RotatorError('ERR_OWNER_STATE', { owner, operation }, options)
  if (isDenied(name, failure.status))
    return new RotatorError('ERR_OWNER_DENIED', { owner, operation }, options)
  if (failure.status >= 400 && failure.status < 500)
    return new RotatorError('ERR_OWNER_REFUSED', { owner, operation, problem: name }, options)
  return new RotatorError('ERR_OWNER_UNREACHABLE', { owner, operation }, options)
}

const NOT_FOUND: ReadonlySet<string> = new Set(['DBInstanceNotFound', 'DBClusterNotFound'])

const WRONG_STATE: ReadonlySet<string> = new Set([
  'InvalidDBInstanceState',
  'InvalidDBClusterState',
])

const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'NotAuthorized',
])

function isDenied(name: string, status: number): boolean {
  return DENIED.has(name) || status === 401 || status === 403
}
