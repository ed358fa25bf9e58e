import { describe, expect, test } from 'vitest'
import { connectError, refusedLogin, statementError } from './errors.ts'

const failure = (errno: number, more: object = {}): object => ({ errno, ...more })

describe('a login that failed', () => {
  const where = { endpoint: 'db:3306', username: 'app', dbname: 'openemr', tlsFailed: false }

  test.for([
    [1045, 'denied'],
    [1698, 'denied'],
    [1862, 'denied'],
    [4151, 'locked'],
    [3118, 'locked'],
    [1040, undefined],
    [1130, undefined],
    [-111, undefined],
  ] as const)('with error %d is the answer %s', ([errno, answer]) => {
    expect(refusedLogin(failure(errno))).toBe(answer)
  })

  test('is judged by its number, whatever mysql2 calls it', () => {
    const misnamed = failure(4151, { code: 'ER_BULK_PARSER_INCOMPLETE_ESCAPE_SEQUENCE' })
    expect(refusedLogin(misnamed)).toBe('locked')
    expect(refusedLogin({ code: 'ER_ACCESS_DENIED_ERROR' })).toBeUndefined()
  })

  test.for([
    [failure(1040), 'ERR_DB_OVERLOADED'],
    [failure(1203), 'ERR_DB_OVERLOADED'],
    [failure(1226), 'ERR_DB_OVERLOADED'],
    [failure(1053), 'ERR_DB_OVERLOADED'],
    [failure(1044), 'ERR_DB_DENIED'],
    [failure(1049, { sqlState: '42000' }), 'ERR_DB_STATEMENT'],
    [failure(1129), 'ERR_DB_UNREACHABLE'],
    [failure(1130), 'ERR_DB_UNREACHABLE'],
    [failure(3159), 'ERR_DB_TLS'],
    [failure(3955), 'ERR_DB_UNSUPPORTED'],
    [failure(-111, { code: 'ECONNREFUSED' }), 'ERR_DB_UNREACHABLE'],
    [{ code: 'ETIMEDOUT' }, 'ERR_DB_UNREACHABLE'],
    [{ code: 'PROTOCOL_CONNECTION_LOST', fatal: true }, 'ERR_DB_UNREACHABLE'],
    [{ code: 'HANDSHAKE_NO_SSL_SUPPORT', fatal: true }, 'ERR_DB_TLS'],
    [undefined, 'ERR_DB_UNREACHABLE'],
  ] as const)('with %j is %s', ([error, code]) => {
    expect(connectError(error, where).code).toBe(code)
  })

  test('in the TLS handshake is a TLS problem', () => {
    const error = connectError({ code: 'HANDSHAKE_SSL_ERROR' }, { ...where, tlsFailed: true })
    expect(error.code).toBe('ERR_DB_TLS')
  })
})

describe('a statement that failed', () => {
  const where = { endpoint: 'db:3306', username: 'admin', operation: 'set a password' }

  test.for([
    [{ code: 'ECONNRESET', errno: -104, fatal: true }, 'ERR_OUTCOME_UNKNOWN'],
    [{ code: 'PROTOCOL_CONNECTION_LOST', fatal: true }, 'ERR_OUTCOME_UNKNOWN'],
    [failure(1317), 'ERR_OUTCOME_UNKNOWN'],
    [failure(1927), 'ERR_OUTCOME_UNKNOWN'],
    [failure(1969), 'ERR_OUTCOME_UNKNOWN'],
    [failure(1053), 'ERR_OUTCOME_UNKNOWN'],
    [failure(4031, { fatal: true }), 'ERR_OUTCOME_UNKNOWN'],
    [failure(1396, { fatal: true, sqlState: 'HY000' }), 'ERR_OUTCOME_UNKNOWN'],
    [failure(1205), 'ERR_DB_BUSY'],
    [failure(1021), 'ERR_DB_DISK_FULL'],
    [failure(1114), 'ERR_DB_DISK_FULL'],
    [failure(1792), 'ERR_DB_READ_ONLY'],
    [failure(1836), 'ERR_DB_READ_ONLY'],
    [failure(1874), 'ERR_DB_READ_ONLY'],
    [failure(1226), 'ERR_DB_OVERLOADED'],
    [failure(1227), 'ERR_DB_DENIED'],
    [failure(1142), 'ERR_DB_DENIED'],
    [failure(1045), 'ERR_DB_DENIED'],
    [failure(1698), 'ERR_DB_DENIED'],
    [failure(1290), 'ERR_DB_UNSUPPORTED'],
    [failure(1819), 'ERR_DB_UNSUPPORTED'],
    [failure(3638), 'ERR_DB_UNSUPPORTED'],
    [failure(3891), 'ERR_DB_UNSUPPORTED'],
    [failure(1820), 'ERR_DB_AUTH'],
    [failure(1396, { sqlState: 'HY000' }), 'ERR_DB_STATEMENT'],
  ] as const)('with %j is %s', ([error, code]) => {
    expect(statementError(error, where).code).toBe(code)
  })

  test('keeps nothing of the driver’s error, which holds the statement', () => {
    const sql = "ALTER USER a IDENTIFIED VIA mysql_native_password USING '*ABC'"
    const error = statementError(failure(1396, { sqlState: 'HY000', sql, sqlMessage: sql }), where)
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('*ABC')
    expect(error.cause).toBeUndefined()
  })

  test('against a password history says how to go on', () => {
    const { details } = statementError(failure(3638), where)
    expect(details).toMatchObject({
      problem: expect.stringContaining('PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY'),
    })
  })
})
