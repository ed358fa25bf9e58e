import { describe, expect, test } from 'vitest'
import { Sensitive } from '../protocol/sensitive.ts'
import { toCredentialsError } from './errors.ts'
import { readCredential, sameCredential } from './read-credential.ts'

const A = { username: 'app_a', password: 'canary-a', host: 'db', port: '3306', dbname: 'shop' }
const B = { username: 'app_b', password: 'canary-b', host: 'db', port: 3306 }
const text = (document: unknown): Sensitive => new Sensitive(JSON.stringify(document), 'secret')

/** The code and the message with which a document is refused. */
function refused(document: Sensitive): { code: string; message: string } {
  try {
    readCredential(document)
  } catch (error) {
    return toCredentialsError(error)
  }
  throw new Error('it was read')
}

describe('the credential of a secret', () => {
  test.each([
    ['a slot document, slot A', { active_slot: 'A', A, B }, 'app_a', 'shop'],
    ['a slot document, slot B', { active_slot: 'B', A, B }, 'app_b', ''],
    ['a slot document whose other slot is broken', { active_slot: 'A', A, B: 7 }, 'app_a', 'shop'],
    ['a flat document', { ...A, engine: 'mysql' }, 'app_a', 'shop'],
    ['a secret that RDS manages', { username: 'admin', password: 'canary' }, 'admin', ''],
  ])('of %s', (_name, document, username, dbname) => {
    expect(readCredential(text(document))).toMatchObject({ username, dbname, port: 3306 })
  })

  test.each([true, 'true', 'True'])('demands TLS where the document says ssl: %j', (ssl) => {
    expect(readCredential(text({ ...A, ssl }))).toMatchObject({ ssl: true })
    expect(readCredential(text({ active_slot: 'A', A: { ...A, ssl }, B })).ssl).toBe(true)
    expect(readCredential(text({ active_slot: 'A', A, B, ssl })).ssl).toBe(true)
  })

  test.each([undefined, null, false, 'false'])('demands none where it says ssl: %j', (ssl) => {
    expect(readCredential(text({ ...A, ssl }))).not.toHaveProperty('ssl')
    expect(readCredential(text({ active_slot: 'A', A, B, ssl }))).not.toHaveProperty('ssl')
  })

  test.each([
    ['nothing', new Sensitive('', 'secret'), 'ERR_DOCUMENT_NOT_JSON', 'the document'],
    [
      'half a document',
      new Sensitive('{"password":"canary', 'secret'),
      'ERR_DOCUMENT_NOT_JSON',
      '',
    ],
    ['a list', text(['canary']), 'ERR_DOCUMENT_NOT_JSON', ''],
    ['no user', text({ password: 'canary' }), 'ERR_DOCUMENT_SHAPE', '/username'],
    ['an empty password', text({ ...A, password: '' }), 'ERR_DOCUMENT_SHAPE', '/password'],
    ['a port in words', text({ ...A, port: 'canary' }), 'ERR_DOCUMENT_SHAPE', '/port'],
    ['an ssl in words', text({ ...A, ssl: 'canary' }), 'ERR_DOCUMENT_SHAPE', '/ssl'],
    ['an ssl in digits', text({ active_slot: 'A', A, B, ssl: 1 }), 'ERR_DOCUMENT_SHAPE', '/ssl'],
    ['a third slot', text({ active_slot: 'canary', A, B }), 'ERR_DOCUMENT_SHAPE', '/active_slot'],
    ['an active slot that is not there', text({ active_slot: 'A', B }), 'ERR_DOCUMENT_SHAPE', '/A'],
    ['a placeholder', text({ ...A, password: 'placeholder' }), 'ERR_PLACEHOLDER', 'placeholder'],
  ])('is refused where there is %s, and no value is shown', (_name, document, code, place) => {
    const error = refused(document)
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(place)
    expect(error.message).not.toContain('canary')
  })
})

test.each(['username', 'password', 'host', 'port', 'dbname'] as const)(
  'two credentials that differ by %s are two',
  (key) => {
    const one = readCredential(text(A))
    expect(sameCredential(one, readCredential(text({ ...A })))).toBe(true)
    const other = { ...A, [key]: key === 'port' ? '3307' : `${A[key]}x` }
    expect(sameCredential(one, readCredential(text(other)))).toBe(false)
  },
)

test('a credential that demands TLS is another than one that does not', () => {
  const one = readCredential(text(A))
  const other = readCredential(text({ ...A, ssl: true }))
  expect(sameCredential(one, other)).toBe(false)
  expect(sameCredential(one, readCredential(text({ ...A, ssl: false })))).toBe(true)
})
