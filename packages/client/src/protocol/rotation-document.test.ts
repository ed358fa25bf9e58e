import { describe, expect, test } from 'vitest'
import { parseRotationDocument, readSuccessor, successorOf } from './rotation-document.ts'
import { Sensitive } from './sensitive.ts'

const text = (value: unknown): Sensitive => new Sensitive(JSON.stringify(value), 'text')
const FLAT = {
  ...{ engine: 'mysql', host: 'db.example', username: 'app', password: 'first-password' },
  ...{ port: 3306, dbname: 'shop', masterarn: 'arn:admin', note: { kept: true } },
}
const slot = (username: string, password: string): object => ({
  ...{ username, password, host: 'db.example', port: '5432', dbname: 'shop' },
})
const SLOTS = {
  active_slot: 'A',
  ...{ A: slot('app_a', 'a-password'), B: slot('app_b', 'b-password') },
  ...{ engine: 'postgres', masterarn: 'arn:admin', owner: 'team' },
}
const next = (username: string) => ({
  ...{ username, password: new Sensitive('next-password', 'next') },
  ...{ id: 'token', at: '2026-01-01T00:00:00.000Z' },
})
const parsed = (value: unknown) => parseRotationDocument(text(value))
const revealed = (value: Sensitive): unknown => JSON.parse(value.reveal())

describe('a document that a function rotates', () => {
  test.each([
    ['postgres', 'postgres'],
    ['aurora-postgresql', 'postgres'],
    ['mysql', 'mysql'],
    ['aurora-mysql', 'mysql'],
    ['mariadb', 'mariadb'],
    [undefined, undefined],
  ])('of engine %s is for %s', (engine, wanted) => {
    expect(parsed({ ...FLAT, engine }).engine).toBe(wanted)
  })

  test('has the default port of its engine, Aurora’s too', () => {
    const port = (engine: string): number =>
      parsed({ ...FLAT, engine, port: undefined }).current.port
    expect(['postgres', 'aurora-postgresql', 'aurora-mysql', 'mariadb'].map(port)).toEqual([
      ...[5432, 5432, 3306, 3306],
    ])
  })

  test.each([
    [{ engine: 'oracle' }, '/engine'],
    [{ engine: 5 }, '/engine'],
    [{ host: undefined }, '/host'],
    [{ host: '' }, '/host'],
    [{ username: '' }, '/username'],
    [{ password: 5 }, '/password'],
    [{ port: 'many' }, '/port'],
    [{ masterarn: '' }, '/masterarn'],
    [{ replicas: 'r.example' }, '/replicas'],
    [{ replicas: ['r.example:99999'] }, '/replicas'],
    [{ replicas: [''] }, '/replicas'],
  ])('with %j is refused by its place, and never quoted', (change, path) => {
    const parse = (): unknown => parsed({ ...FLAT, ...change })
    expect(parse).toThrow(path)
    expect(parse).not.toThrow('first-password')
  })

  test('names replicas, with the port of the writer where they have none', () => {
    expect(parsed({ ...FLAT, replicas: ['a.example', 'b.example:3307'] }).replicas).toEqual([
      ...[
        { host: 'a.example', port: 3306 },
        { host: 'b.example', port: 3307 },
      ],
    ])
  })
})

describe('what follows it', () => {
  test('is the same but for the user and the password, in the same order', () => {
    const made = successorOf(parsed(FLAT), next('app_clone'))
    expect(made.reveal()).toBe(
      JSON.stringify({ ...FLAT, username: 'app_clone', password: 'next-password' }),
    )
  })

  test('has no record of the command line, which would call it its own', () => {
    const last = { id: 'x', outcome: 'rotated', closed_at: '2026-01-01T00:00:00.000Z' }
    expect(revealed(successorOf(parsed({ ...FLAT, last }), next('app')))).not.toHaveProperty('last')
  })

  test('says when the password was made where the document does, and names no other one', () => {
    const dual = { ...FLAT, changed_at: 'long ago', password_version: 'abcdefgh' }
    const made = successorOf(parsed(dual), next('app'))
    expect(revealed(made)).toMatchObject({ changed_at: '2026-01-01T00:00:00.000Z' })
    expect(revealed(made)).not.toHaveProperty('password_version')
    expect(readSuccessor(parsed(dual), 'app', made)).toMatchObject({ username: 'app' })
    expect(parsed({ ...dual, other_password: { password: 'other-password' } }).isOpen).toBe(true)
  })

  test('of a slot document is the other slot, with the record', () => {
    expect(revealed(successorOf(parsed(SLOTS), next('app_b')))).toEqual({
      ...{ ...SLOTS, active_slot: 'B' },
      B: { ...SLOTS.B, password: 'next-password', changed_at: '2026-01-01T00:00:00.000Z' },
      last: { id: 'token', outcome: 'rotated', closed_at: '2026-01-01T00:00:00.000Z' },
    })
  })

  test('is read again as what it is', () => {
    for (const [document, username] of [
      [FLAT, 'app_clone'],
      [FLAT, 'app'],
      [SLOTS, 'app_b'],
    ] as const) {
      const before = parsed(document)
      const found = readSuccessor(before, username, successorOf(before, next(username)))
      expect(found).toMatchObject({ username, host: 'db.example' })
    }
  })

  test.each([
    [{ host: 'other.example' }],
    [{ port: 3307 }],
    [{ dbname: 'other' }],
    [{ engine: 'mariadb' }],
    [{ masterarn: 'arn:other' }],
    [{ username: 'somebody' }],
    [{ note: 'changed' }],
    [{ added: 1 }],
    [{ password: 'placeholder' }],
    [{ password: '' }],
  ])('is not what has %j', (change) => {
    const staged = text({ ...FLAT, password: 'next-password', ...change })
    expect(readSuccessor(parsed(FLAT), 'app', staged)).toBeUndefined()
  })

  test('is not what turns a slot document and changes the active slot’s password too', () => {
    const before = parsed(SLOTS)
    const good = Object(revealed(successorOf(before, next('app_b'))))
    const staged = text({ ...good, A: slot('app_a', 'another') })
    expect(readSuccessor(before, 'app_b', staged)).toBeUndefined()
  })

  test('is a copy where nothing differs, and nothing where it is no document', () => {
    expect(readSuccessor(parsed(FLAT), 'app', text(FLAT))).toBe('copy')
    for (const other of ['', 'null', '[]', '{"username":1}'])
      expect(readSuccessor(parsed(FLAT), 'app', new Sensitive(other, 'x'))).toBeUndefined()
  })
})
