import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { leaksIn, spellings, tellAll } from './search.ts'

const SECRET = `Ca"na'ry wörd/&9`

describe('a search for leaks', () => {
  test.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ password: SECRET })],
    ['in JSON in JSON', JSON.stringify(JSON.stringify({ password: SECRET }))],
    ['in a URL', `postgres://app:${encodeURIComponent(SECRET)}@db`],
    ['in a form', new URLSearchParams({ password: SECRET }).toString()],
    ['with doubled quotes', `'${SECRET.replaceAll("'", "''")}'`],
    ['in hex', `0x${Buffer.from(SECRET).toString('hex')}`],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64 of a login', Buffer.from(`app:${SECRET}`).toString('base64')],
    ['in base64 of another login', Buffer.from(`app2:${SECRET}@`).toString('base64')],
    ['in base64 of a third login', Buffer.from(`app_b:${SECRET}\n`).toString('base64')],
  ])('finds a secret %s and does not repeat it', (_how, text) => {
    const found = leaksIn([{ name: 'log', text: `before ${text} after` }], new Map([['B', SECRET]]))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^log: B /)
    expect(found[0]).not.toContain(SECRET)
  })

  test('finds nothing where a secret is not', () => {
    const other = SECRET.replace('ry', 'rz')
    const text = [...spellings(other).values()].join('\n')
    expect(leaksIn([{ name: 'log', text }], new Map([['B', SECRET]]))).toEqual([])
  })

  test('does not look for what would be found in ordinary words', () => {
    expect(() => leaksIn([], new Map([['B', 'short']]))).toThrow(TypeError)
  })
})

describe('all of an error', () => {
  const secrets = new Map([['B', SECRET]])

  test.each([
    ['message', new Error(SECRET)],
    ['cause', new Error('x', { cause: new Error('y', { cause: { deep: SECRET } }) })],
    ['gathered errors', new AggregateError([new Error('x'), new Error(SECRET)], 'all')],
    ['fields', Object.assign(new Error('x'), { sql: `ALTER '${SECRET}'` })],
    ['hidden fields', Object.defineProperty(new Error('x'), 'secret', { value: SECRET })],
    ['way to tell itself', { toString: (): string => SECRET }],
  ])('holds its %s', (_what, error) => {
    expect(leaksIn([{ name: 'error', text: tellAll(error) }], secrets)).toHaveLength(1)
  })

  test('does not hold what is in Sensitive', () => {
    const error = Object.assign(new Error('x'), { password: new Sensitive(SECRET, 'canary') })
    expect(leaksIn([{ name: 'error', text: tellAll(error) }], secrets)).toEqual([])
  })
})
