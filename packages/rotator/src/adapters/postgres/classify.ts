import pg from 'pg'
import { RotatorError } from '../../errors.ts'
import { isTlsErrorCode } from '../common/tls.ts'

/** What is known about a failed attempt to connect besides the error itself. */
export interface ConnectFacts {
  /** `host:port`. */
  readonly endpoint: string
  readonly username: string
  /** We stopped waiting. */
  readonly aborted: boolean
  /** The server answered the request for TLS with "no". */
  readonly refusedTls: boolean
}

/**
 * Reads why a connection could not be opened: an answer about the account, or an error.
 *
 * 28000 has two causes. The role may not log in: `InitializeSessionUserId` says so, after the
 * password was found right. Or pg_hba.conf refuses the client, before any password was asked for.
 * The `routine` field tells them apart; its text is not translated.
 * PgBouncer 1.24 has one code, 08P01, for a wrong password, a user that it does not know and a
 * server that it cannot reach, so from it a refusal says nothing about the password.
 * Source: PostgreSQL documentation, "Error and Notice Message Fields"; test "PgBouncer's refusal is
 * no answer about the password"; src/backend/utils/init/
 * miscinit.c and src/backend/libpq/auth.c; test "says that a quarantined user is locked".
 */
export function connectFailure(
  error: unknown,
  facts: ConnectFacts,
): 'denied' | 'locked' | RotatorError {
  const { endpoint } = facts
  const unreachable = (reason: string): RotatorError =>
    new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason }, systemCause(error))
  if (facts.refusedTls)
    return new RotatorError('ERR_DB_TLS', { endpoint, reason: 'the server offers no TLS' })
  if (error instanceof pg.DatabaseError) return serverRefusal(error, facts)
  if (facts.aborted) return unreachable('no answer in time')
  const code = codeOf(error)
  if (code === undefined) return unreachable('the connection ended before the login was answered')
  if (!isTlsErrorCode(code)) return unreachable(code)
  return new RotatorError('ERR_DB_TLS', { endpoint, reason: code })
}

/** SQLSTATEs are listed in PostgreSQL's documentation, appendix A. */
function serverRefusal(
  error: pg.DatabaseError,
  { endpoint, username }: ConnectFacts,
): 'denied' | 'locked' | RotatorError {
  const sqlstate = error.code ?? ''
  if (sqlstate === '28P01') return 'denied'
  if (sqlstate === '28000' && error.routine === 'InitializeSessionUserId') return 'locked'
  if (sqlstate === '28000') {
    const reason = 'pg_hba.conf of the server refuses this client (28000)'
    return new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason })
  }
  if (sqlstate.startsWith('08')) {
    const reason = 'a pooler refuses the login, or has no server for it (its log says which)'
    return new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason })
  }
  if (sqlstate === DISK_FULL)
    return new RotatorError('ERR_DB_DISK_FULL', { endpoint, reason: sqlstate })
  if (sqlstate.startsWith('53') || sqlstate.startsWith('57P'))
    return new RotatorError('ERR_DB_OVERLOADED', { endpoint, reason: sqlstate })
  if (sqlstate === '' || ENDS_CONNECTION.test(sqlstate)) {
    const reason = `the server ended the connection (${sqlstate === '' ? 'no code' : sqlstate})`
    return new RotatorError('ERR_DB_UNREACHABLE', { endpoint, reason })
  }
  return statementFailure(error, { endpoint, username, operation: 'connect' })
}

/** The statement that failed, in words: never its text. */
export interface StatementFacts {
  readonly endpoint: string
  readonly username: string
  readonly operation: string
}

/**
 * Classifies what came back, or did not, after a statement was sent.
 *
 * When the server ends the connection (57P01 and its like) a commit may already be done although
 * its answer is not here, so the outcome is unknown.
 */
export function statementFailure(error: unknown, facts: StatementFacts): RotatorError {
  const { endpoint, username, operation } = facts
  const sqlstate = error instanceof pg.DatabaseError ? (error.code ?? '') : ''
  if (sqlstate === '' || ENDS_CONNECTION.test(sqlstate))
    return new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where: endpoint })
  if (sqlstate === '42501' || sqlstate === '0L000')
    return new RotatorError('ERR_DB_DENIED', { endpoint, username, operation })
  if (sqlstate === '25006')
    return new RotatorError('ERR_DB_READ_ONLY', { endpoint, reason: sqlstate })
  if (sqlstate === DISK_FULL)
    return new RotatorError('ERR_DB_DISK_FULL', { endpoint, reason: sqlstate })
  if (sqlstate.startsWith('53'))
    return new RotatorError('ERR_DB_OVERLOADED', { endpoint, reason: sqlstate })
  if (NO_LOCK.has(sqlstate)) return new RotatorError('ERR_DB_BUSY', { endpoint, operation })
  return new RotatorError('ERR_DB_STATEMENT', { endpoint, operation, sqlstate })
}

/** The rest of class 53 is about memory, connections and limits of the configuration. */
const DISK_FULL = '53100'

/** A lock was not free in time, or a deadlock was ended: the server has undone the statement. */
const NO_LOCK: ReadonlySet<string> = new Set(['55P03', '40P01'])

/** 08: connection exceptions; 57P: shutdown; 25P03 and 25P04: time-outs that end the session. */
const ENDS_CONNECTION = /^(?:08|57P|25P0[34])/

/** Errors of the operating system and of OpenSSL name addresses and codes only. */
function systemCause(error: unknown): { cause?: unknown } {
  return error instanceof Error && 'syscall' in error ? { cause: error } : {}
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
