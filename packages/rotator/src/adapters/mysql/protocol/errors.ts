import { isRotatorError, RotatorError } from '../../../errors.ts'

/**
 * Error numbers, most of which MariaDB and MySQL share. Numbers, because mysql2 names some errors
 * of MariaDB after unrelated ones of MySQL (4151), and texts are translated.
 * Sources: MariaDB's "MariaDB Error Codes", MySQL's "Server Error Message Reference".
 */

/** Wrong password, no password given, password expired and the server hangs up for it. */
const DENIED: ReadonlySet<number> = new Set([1045, 1698, 1862])
/** The login is good for nothing but a new password: the old one has expired. */
const EXPIRED = 1820
/** The account is locked: MariaDB, MySQL. */
const LOCKED: ReadonlySet<number> = new Set([4151, 3118])
/**
 * MySQL has closed the account for a while because of FAILED_LOGIN_ATTEMPTS. Neither an answer to
 * the password nor a quarantine: it tells nothing about either, and asking again prolongs nothing
 * and learns nothing.
 */
const BLOCKED = 3955
/** Too many connections (server, user, resource limit), out of memory, shutting down. */
const OVERLOADED: ReadonlySet<number> = new Set([1040, 1041, 1053, 1203, 1226])
/** The server's disk is full, or the space that a table may take. */
const DISK_FULL: ReadonlySet<number> = new Set([1021, 1114])
/** The server takes no changes: of a transaction, at all, in InnoDB. */
const READ_ONLY: ReadonlySet<number> = new Set([1792, 1836, 1874])
/** The statement waited too long for another one, a backup's lock for instance, and did nothing. */
const LOCK_WAIT = 1205
/** The server wants TLS and the client did not use it (MariaDB 11, MySQL). */
const WANTS_TLS = 3159
/** There is no such database. */
const NO_DATABASE = 1049
/**
 * GRANT of what one may not grant: a global privilege, PROXY. In a login the same numbers are a
 * wrong password.
 */
const NOT_GRANTED: ReadonlySet<number> = new Set([1045, 1698])
/** A privilege is missing: database, table, column, routine, global, SHOW GRANTS of others. */
const NOT_ALLOWED: ReadonlySet<number> = new Set([1044, 1142, 1143, 1227, 1370, 1410])
/** `--read-only` or `--strict-password-validation` stands against the statement. */
const PREVENTED = 1290
/** REPLACE does not name the user's first password. */
const NOT_CURRENT = 3891
/** A rule of the server about passwords: `validate_password`. */
const AGAINST_POLICY = 1819
/** The user's PASSWORD HISTORY or PASSWORD REUSE INTERVAL, or the server's default of them. */
const AGAINST_HISTORY = 3638
/**
 * A statement about users has failed. MariaDB keeps the reason as a warning, for instance 1290;
 * where it is that the user does not exist there is no other number.
 */
const OPERATION_FAILED = 1396
/** The session or its statement was killed, it took too long, or the server is going down. */
const KILLED: ReadonlySet<number> = new Set([1053, 1317, 1927, 1969, 3024, 3168])

/** Our limits for a statement: `max_statement_time`, `max_execution_time`, lock waits. */
const WAITED: ReadonlySet<number> = new Set([1969, 3024, LOCK_WAIT])

/** As an error: somebody's statement waits until there is space on the disk. */
export const WAITS_FOR_SPACE: { readonly errno: number } = { errno: 1021 }

/** What mysql2 rejects with, as far as it is known to be there. */
interface DriverFailure {
  readonly errno?: number
  readonly code?: string
  readonly sqlState?: string
  readonly fatal?: boolean
}

function failureOf(error: unknown): DriverFailure {
  return typeof error === 'object' && error !== null ? error : {}
}

/** Server errors have numbers from 1000; the negative ones are the operating system's. */
function serverErrno({ errno }: DriverFailure): number | undefined {
  return errno !== undefined && errno >= 1000 ? errno : undefined
}

/** True when the server gave up waiting, and what it waited for may be space on its disk. */
export function waitedInVain(error: unknown): boolean {
  return WAITED.has(failureOf(error).errno ?? 0)
}

/** True when the number says only that it failed, and SHOW WARNINGS may know why. */
export function hidesReason(error: unknown): boolean {
  return failureOf(error).errno === OPERATION_FAILED
}

/** The first of the numbers of warnings that gives a reason, as an error; else `undefined`. */
export function reasonAmong(numbers: readonly unknown[]): { readonly errno: number } | undefined {
  const errno = numbers.map(Number).find((number) => number >= 1000 && number !== OPERATION_FAILED)
  return errno === undefined ? undefined : { errno }
}

/** How a server answered a login that did not succeed; `undefined` when it is no answer to it. */
export function refusedLogin(error: unknown): 'denied' | 'locked' | undefined {
  const errno = serverErrno(failureOf(error))
  if (errno === undefined) return undefined
  if (DENIED.has(errno)) return 'denied'
  return LOCKED.has(errno) ? 'locked' : undefined
}

/** Classifies what ended a connection attempt; a refused login is not among it. */
export function connectError(
  error: unknown,
  where: {
    readonly endpoint: string
    readonly username: string
    readonly dbname: string
    /** True when the certificate or the handshake was refused. */
    readonly tlsFailed: boolean
  },
): RotatorError {
  if (isRotatorError(error)) return error
  const { endpoint, username, dbname, tlsFailed } = where
  const failure = failureOf(error)
  const errno = serverErrno(failure)
  const reason = errno === undefined ? (failure.code ?? 'unknown error') : `error ${errno}`
  if (tlsFailed) return new RotatorError('ERR_DB_TLS', { endpoint, reason })
  if (failure.code === 'HANDSHAKE_NO_SSL_SUPPORT')
    return new RotatorError('ERR_DB_TLS', { endpoint, reason: 'the server does not offer TLS' })
  if (errno === undefined) return new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason })
  if (errno === WANTS_TLS)
    return new RotatorError('ERR_DB_TLS', { endpoint, reason: 'the server takes TLS only' })
  if (OVERLOADED.has(errno)) return new RotatorError('ERR_DB_OVERLOADED', { endpoint, reason })
  if (errno === BLOCKED)
    return new RotatorError('ERR_DB_UNSUPPORTED', { endpoint, problem: blocked(username) })
  const operation = `use the database "${dbname}"`
  if (NOT_ALLOWED.has(errno))
    return new RotatorError('ERR_DB_DENIED', { endpoint, username, operation })
  if (errno === NO_DATABASE)
    return new RotatorError('ERR_DB_STATEMENT', { endpoint, operation, sqlstate: '42000' })
  return new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason })
}

function blocked(username: string): string {
  const way = 'ALTER USER … ACCOUNT UNLOCK opens it'
  return `"${username}" is blocked after failed logins (FAILED_LOGIN_ATTEMPTS): ${way}`
}

/**
 * Classifies what a statement of an admin session ended with. The driver's error is dropped, since
 * it holds the statement.
 */
export function statementError(
  error: unknown,
  where: { readonly endpoint: string; readonly username: string; readonly operation: string },
): RotatorError {
  const { endpoint, username, operation } = where
  const failure = failureOf(error)
  const errno = serverErrno(failure)
  if (errno === undefined || failure.fatal === true || KILLED.has(errno))
    return new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where: endpoint })
  if (errno === LOCK_WAIT) return new RotatorError('ERR_DB_BUSY', { endpoint, operation })
  if (OVERLOADED.has(errno))
    return new RotatorError('ERR_DB_OVERLOADED', { endpoint, reason: `error ${errno}` })
  if (DISK_FULL.has(errno))
    return new RotatorError('ERR_DB_DISK_FULL', { endpoint, reason: `error ${errno}` })
  if (READ_ONLY.has(errno))
    return new RotatorError('ERR_DB_READ_ONLY', { endpoint, reason: `error ${errno}` })
  if (errno === EXPIRED) return new RotatorError('ERR_DB_AUTH', { endpoint, username })
  if (NOT_ALLOWED.has(errno) || NOT_GRANTED.has(errno))
    return new RotatorError('ERR_DB_DENIED', { endpoint, username, operation })
  if (errno === PREVENTED)
    return new RotatorError('ERR_DB_UNSUPPORTED', {
      endpoint,
      problem: `${operation}: the server runs with read_only or strict_password_validation`,
    })
  if (errno === AGAINST_HISTORY)
    return new RotatorError('ERR_DB_UNSUPPORTED', { endpoint, problem: againstHistory(operation) })
  if (errno === NOT_CURRENT) {
    const why = "the login's password is the second of two, or was changed meanwhile"
    const problem = `${operation}: ${why}`
    return new RotatorError('ERR_DB_UNSUPPORTED', { endpoint, problem })
  }
  if (errno === AGAINST_POLICY)
    return new RotatorError('ERR_DB_UNSUPPORTED', {
      endpoint,
      problem: `${operation}: the server's rules for passwords refuse it (error ${errno})`,
    })
  return new RotatorError('ERR_DB_STATEMENT', {
    endpoint,
    operation,
    sqlstate: failure.sqlState ?? `error ${errno}`,
  })
}

/** What is wrong, and what to do, where an old password may not be set again. */
export function againstHistory(operation: string): string {
  const remedy = 'PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY'
  return `${operation}: the user has a password history; ALTER USER … ${remedy} takes it away`
}
