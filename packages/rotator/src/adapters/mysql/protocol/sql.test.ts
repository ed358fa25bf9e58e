import { Sensitive } from '@cuedot/client/protocol'
import { expect, test } from 'vitest'
import { lockName } from './lock.ts'
import { nativeHash, quoteAccount, quoteName, quoteText } from './sql.ts'

test.for([
  ['plain', "'plain'"],
  ["o'brien", "'o''brien'"],
  ["''", "''''''"],
  ['back\\slash\\', "'back\\slash\\'"],
  ['"`', "'\"`'"],
] as const)('a text literal of %j is %s', ([text, literal]) => {
  expect(quoteText(text)).toBe(literal)
})

test('a name stands in backticks, and its own are doubled', () => {
  expect(quoteName('a`b"c\\d')).toBe('`a``b"c\\d`')
})

test('an account is two names', () => {
  expect(quoteAccount({ user: "o'`x", host: '10.%' })).toBe("`o'``x`@`10.%`")
})

test('a hash is what MariaDB documents for PASSWORD("password")', () => {
  const hash = nativeHash(new Sensitive('password', 'test'))
  expect(hash).toBe('*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19')
})

test('a lock’s name fits the server’s 64 characters and is the same in either case', () => {
  const name = lockName('Target '.repeat(28))
  expect(name.length).toBeLessThanOrEqual(64)
  expect(name).toBe(name.toLowerCase())
  expect(lockName('target')).not.toBe(lockName('Target'))
})
