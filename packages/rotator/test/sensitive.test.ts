import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { leaksIn, tellAll } from '../../testkit/src/leaks/search.ts'
import { KnownSecrets } from '../src/engine/secrets.ts'

const CANARY = 'Canary"0123456789'
const secrets = new Map([['canary', CANARY]])

describe('I6 Sensitive', () => {
  const held = new Sensitive(CANARY, 'password of slot B')
  test.each([
    ['a template', () => `with ${String(held)}`],
    ['a sum', () => `with ${String(held)}`],
    ['JSON', () => JSON.stringify({ held })],
    ['inspection', () => inspect({ held }, { showHidden: true, depth: 9 })],
    ['a clone', () => inspect(structuredClone({ held }))],
    ['its fields', () => JSON.stringify([Object.entries(held), Reflect.ownKeys(held)])],
    ['an error', () => tellAll(new Error(`near ${held.toString()}`, { cause: held }))],
  ])('shows its label, never its value, in %s', (_where, show) => {
    expect(leaksIn([{ name: 'shown', text: show() }], secrets)).toEqual([])
  })

  test('shows its label to a person who inspects it', () => {
    expect(inspect(held)).toBe('[password of slot B]')
    expect(JSON.stringify({ held })).toBe('{"held":"[password of slot B]"}')
  })
})

describe('I6 an error that is scrubbed', () => {
  const known = new KnownSecrets()
  known.add(new Sensitive(CANARY, 'canary'))
  const url = `postgres://app:${encodeURIComponent(CANARY)}@db`

  test.each([
    ['in its message', new Error(`near ${CANARY}`)],
    ['in its causes', new Error('x', { cause: new Error('y', { cause: { url } }) })],
    ['in the errors that it gathers', new AggregateError([new Error(CANARY)], 'all failed')],
    ['in a field of a driver', Object.assign(new Error('x'), { sql: `ALTER '${CANARY}'` })],
    ['in details', Object.assign(new Error('x'), { details: { operation: ['set', CANARY] } })],
    ['in a hidden field', hidden()],
  ])('holds no known secret %s', (_where, error) => {
    expect(leaksIn([{ name: 'error', text: tellAll(error) }], secrets)).toHaveLength(1)
    known.scrubError(error)
    expect(leaksIn([{ name: 'error', text: tellAll(error) }], secrets)).toEqual([])
    expect(tellAll(error)).toContain('[secret]')
  })

  test('leaves a connection that it refers to as it is', () => {
    class Connection {
      readonly password = CANARY
    }
    const connection = new Connection()
    known.scrubError(Object.assign(new Error('x'), { connection }))
    expect(connection.password).toBe(CANARY)
  })

  test('that refers to itself, or is no object, is no trouble', () => {
    const error = new Error(CANARY)
    error.cause = error
    known.scrubError(error)
    expect(error.message).toBe('[secret]')
    for (const thrown of [undefined, null, 'text', 7])
      expect(known.scrubError(thrown)).toBeUndefined()
  })
})

function hidden(): Error {
  const error = new Error('x')
  return Object.defineProperty(error, 'internalQuery', { value: CANARY, writable: true })
}
