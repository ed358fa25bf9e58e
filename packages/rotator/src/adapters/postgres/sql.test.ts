import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutBytes, identifier, literal, qualified } from './sql.ts'

test('a name is quoted and quotes in it are doubled', () => {
  expect(identifier('plain')).toBe('"plain"')
  expect(identifier('o"; DROP ROLE x; --')).toBe('"o""; DROP ROLE x; --"')
  expect(qualified(['my schema', 'Table'])).toBe('"my schema"."Table"')
})

test('text is quoted, and with a backslash in it as an escape string', () => {
  expect(literal("it's")).toBe("'it''s'")
  expect(literal('a\\b')).toBe(" E'a\\\\b'")
})

test('NUL is refused in names and in text', () => {
  expect(() => identifier('a\0b')).toThrow(TypeError)
  expect(() => literal('a\0b')).toThrow(TypeError)
})

test('no text ends a quoted name or a literal early', () => {
  const character = fc.constantFrom('"', "'", '\\', '$', 'a', ';', 'é', '\n')
  const texts = fc.string({ unit: character })
  fc.assert(
    fc.property(texts, (text) => {
      expect(identifier(text).slice(1, -1).replaceAll('""', '')).not.toContain('"')
      const inner = literal(text).trim().replace(/^E/, '').slice(1, -1)
      expect(inner.replaceAll("''", '').replaceAll('\\\\', '')).not.toMatch(/'|\\/)
    }),
  )
})

test('a text is cut to bytes and never inside a character', () => {
  expect(cutBytes('short', 63)).toBe('short')
  expect(cutBytes('ab€cd', 4)).toBe('ab')
  expect(cutBytes('ab€cd', 5)).toBe('ab€')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, max) => {
      const cut = cutBytes(text, max)
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max)
      expect(text.startsWith(cut)).toBe(true)
    }),
  )
})
