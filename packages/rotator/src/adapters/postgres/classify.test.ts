import pg from 'pg'
import { expect, test } from 'vitest'
import { connectFailure, statementFailure } from './classify.ts'

const facts = { endpoint: 'db:5432', username: 'app', aborted: false, refusedTls: false }
const statement = { endpoint: 'db:5432', username: 'app', operation: 'set the password' }

function fromServer(code: string, routine?: string): pg.DatabaseError {
  const error = new pg.DatabaseError('text that nothing may depend on', 0, 'error')
  error.code = code
  if (routine !== undefined) error.routine = routine
  return error
}

function fromSystem(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'connect' })
}

test('a wrong password is denied and a role without login is locked', () => {
  expect(connectFailure(fromServer('28P01'), facts)).toBe('denied')
  expect(connectFailure(fromServer('28000', 'InitializeSessionUserId'), facts)).toBe('locked')
})

test.each([
  ['28000', 'ERR_DB_UNREACHABLE'],
  ['08P01', 'ERR_DB_UNREACHABLE'],
  ['53300', 'ERR_DB_OVERLOADED'],
  ['53100', 'ERR_DB_DISK_FULL'],
  ['57P03', 'ERR_DB_OVERLOADED'],
  ['57P01', 'ERR_DB_OVERLOADED'],
  ['3D000', 'ERR_DB_STATEMENT'],
  ['42501', 'ERR_DB_DENIED'],
])('%s while connecting is %s and no answer about the password', (sqlstate, code) => {
  expect(connectFailure(fromServer(sqlstate, 'ClientAuthentication'), facts)).toMatchObject({
    code,
  })
})

test("a pooler's refusal sends the reader to the log of the pooler", () => {
  const reason = expect.stringMatching(/^a pooler refuses the login.*its log says which/)
  expect(connectFailure(fromServer('08P01'), facts)).toMatchObject({ details: { reason } })
})

test.each(['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET', 'EAI_AGAIN'])(
  '%s is unreachable and keeps its cause',
  (code) => {
    const cause = fromSystem(code)
    expect(connectFailure(cause, facts)).toMatchObject({ code: 'ERR_DB_UNREACHABLE', cause })
  },
)

test('an end without a word and a deadline are unreachable', () => {
  const ended = new Error('Connection terminated unexpectedly')
  for (const aborted of [false, true])
    expect(connectFailure(ended, { ...facts, aborted })).toMatchObject({
      code: 'ERR_DB_UNREACHABLE',
    })
})

test('a refused certificate and a server without TLS are failures of TLS', () => {
  const refused = fromSystem('SELF_SIGNED_CERT_IN_CHAIN')
  expect(connectFailure(refused, facts)).toMatchObject({ code: 'ERR_DB_TLS' })
  const without = connectFailure(new Error('no'), { ...facts, refusedTls: true })
  expect(without).toMatchObject({ code: 'ERR_DB_TLS' })
})

test.each([
  ['57P01', 'ERR_OUTCOME_UNKNOWN'],
  ['25P03', 'ERR_OUTCOME_UNKNOWN'],
  ['08006', 'ERR_OUTCOME_UNKNOWN'],
  ['42501', 'ERR_DB_DENIED'],
  ['25006', 'ERR_DB_READ_ONLY'],
  ['53100', 'ERR_DB_DISK_FULL'],
  ['53200', 'ERR_DB_OVERLOADED'],
  ['42704', 'ERR_DB_STATEMENT'],
  ['57014', 'ERR_DB_STATEMENT'],
])('%s after a statement was sent is %s', (sqlstate, code) => {
  const failure = statementFailure(fromServer(sqlstate), statement)
  expect(failure).toMatchObject({ code })
  expect(failure.cause).toBeUndefined()
})

test('an error without SQLSTATE after a statement was sent leaves the outcome unknown', () => {
  for (const error of [fromSystem('ECONNRESET'), new Error('gone'), undefined])
    expect(statementFailure(error, statement)).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })
})
