import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { failureOf } from './consumer-session.ts'

function postgres(code: string): Error {
  return Object.assign(new pg.DatabaseError('no', 1, 'error'), { code })
}

function mysql(errno: number): Error {
  return Object.assign(new Error('no'), { errno, code: 'ER_SOMETHING', sqlState: '28000' })
}

describe('why a request failed', () => {
  test.each([
    ['login', '28P01', postgres('28P01')],
    ['connection', '57P01', postgres('57P01')],
    ['statement', '53300', postgres('53300')],
    ['login', '1045', mysql(1045)],
    ['statement', '1040', mysql(1040)],
    ['connection', 'ECONNRESET', Object.assign(new Error(), { code: 'ECONNRESET', errno: -104 })],
    ['connection', 'Error', new Error('Connection terminated unexpectedly')],
  ] as const)('is %s for %s', (kind, code, error) => {
    expect(failureOf(error)).toEqual({ kind, code })
  })
})
