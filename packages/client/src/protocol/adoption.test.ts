import { describe, expect, test } from 'vitest'
import { adoptedDocument, droppedKeys, readAdoptable } from './adoption.ts'
import type { Credential } from './credential.ts'
import { Sensitive } from './sensitive.ts'
import { parseSlotDocument } from './slot-document.ts'

const PLACE = { host: 'db.example', port: 5433, dbname: '' }
const secret = (value: unknown): Sensitive =>
  new Sensitive(typeof value === 'string' ? value : JSON.stringify(value), 'secret')
const running: Credential = {
  username: 'app',
  password: new Sensitive('s3cr"et/word', 'running password'),
  host: 'db.example',
  port: 5432,
  dbname: 'shop',
}
const last = { id: 'r1', outcome: 'adopted', closed_at: '2026-01-01T00:00:00.000Z' } as const
const adopt = (before: unknown): unknown =>
  JSON.parse(adoptedDocument(secret(before), { running, standby: 'app_b', last }).reveal())
const flat = { username: 'app', password: 's3cr"et/word', host: 'db.example', dbname: 'shop' }

describe('a secret that is to be adopted', () => {
  const idle = { ...flat, username: 'b', password: 'placeholder' }

  test.for([
    ['placeholder', 'stand-in'],
    [' pending-restore\n', 'stand-in'],
    [{}, 'stand-in'],
    [{ team: 'x' }, 'stand-in'],
    [{ ...flat, password: 'placeholder' }, 'stand-in'],
    [{ active_slot: 'A', A: { ...idle, username: 'a' }, B: flat }, 'stand-in'],
    [{ active_slot: 'B', A: { ...idle, username: 'a' }, B: flat }, 'slots'],
    [flat, 'flat'],
    [{ username: 'app', password: 'word' }, 'flat'],
  ] as const)('%j is %s', ([value, kind]) => {
    expect(readAdoptable(secret(value), PLACE).kind).toBe(kind)
  })

  test('takes host, port and database from the configuration where it names none', () => {
    const bare = readAdoptable(secret({ username: 'app', password: 'word' }), PLACE)
    expect(bare).toMatchObject({ credential: { host: 'db.example', port: 5433, dbname: '' } })
    const full = readAdoptable(secret({ ...flat, port: '3307' }), PLACE)
    expect(full).toMatchObject({ credential: { port: 3307, dbname: 'shop' } })
  })

  test.for([
    ['not JSON', 'ERR_DOCUMENT_NOT_JSON'],
    [[], 'ERR_DOCUMENT_NOT_JSON'],
    [{ username: 'app' }, 'ERR_DOCUMENT_SHAPE'],
    [{ password: 'word' }, 'ERR_DOCUMENT_SHAPE'],
    [{ active_slot: 'A', A: flat, B: flat }, 'ERR_DOCUMENT_SLOTS_IDENTICAL'],
  ] as const)('%j is refused as %s', ([value, code]) => {
    expect(() => readAdoptable(secret(value), PLACE)).toThrow(expect.objectContaining({ code }))
  })
})

describe('an adopted document', () => {
  test('is a slot document whose slot A runs and whose slot B waits', () => {
    const parsed = parseSlotDocument(secret(adopt(flat)))
    expect(parsed).toMatchObject({ active: 'A', last })
    expect(parsed.slots.A).toEqual({ ...running, password: expect.anything() })
    expect(parsed.slots.A.password.equals(running.password)).toBe(true)
    expect(parsed.slots.B).toMatchObject({ username: 'app_b', host: 'db.example', port: 5432 })
    expect(parsed.slots.B.password.reveal()).toBe('placeholder')
    expect(parsed.rotation).toBeUndefined()
  })

  test('keeps unknown keys and how the port is written, and no copy of the credential', () => {
    const document = adopt({ ...flat, engine: 'postgres', port: '5432', team: { n: 1 }, last: {} })
    expect(Object.keys(document as object)).toEqual([
      ...['engine', 'team'],
      ...['active_slot', 'A', 'B', 'last'],
    ])
    expect(document).toMatchObject({ team: { n: 1 }, A: { port: '5432' }, B: { port: '5432' } })
  })

  test('drops every key that has the password in it, however it is spelled', () => {
    const url = `postgres://app:${encodeURIComponent('s3cr"et/word')}@db/shop`
    const before = { ...flat, url, copy: 's3cr"et/word', deep: { a: ['x s3cr"et/word'] }, ok: 'x' }
    expect(droppedKeys(secret(before), running.password)).toEqual(['url', 'copy', 'deep'])
    expect(Object.keys(adopt(before) as object)).toEqual(['ok', 'active_slot', 'A', 'B', 'last'])
  })

  test('does not take a short password for part of every word', () => {
    const short = new Sensitive('a', 'short password')
    expect(droppedKeys(secret({ team: 'alpha', copy: 'a' }), short)).toEqual(['copy'])
  })

  test('keeps a number that a double cannot hold', () => {
    const text = '{"username":"app","password":"word!!","id":12345678901234567890}'
    const document = adoptedDocument(secret(text), { running, standby: 'app_b', last })
    expect(document.reveal()).toContain('"id":12345678901234567890,')
  })

  test('is made from a stand-in that is no JSON, and twice the same', () => {
    expect(Object.keys(adopt('placeholder') as object)).toEqual(['active_slot', 'A', 'B', 'last'])
    expect(adopt(adopt(flat))).toEqual(adopt(flat))
  })
})
