import { assert, constantFrom, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePhpString, encodePhpString } from './literal.ts'

const anything = string({ unit: 'binary', minLength: 1, maxLength: 1 })
const character = oneof(constantFrom(...`'"\\$n{`), anything)
const bytes = string({ unit: character, maxLength: 30 }).map((text) =>
  Buffer.from(text, 'utf8').toString('latin1'),
)

describe('string literals of PHP', () => {
  test.for(["'", '"'])('hold any bytes between %s', (quote) => {
    assert(
      property(bytes, (value) => {
        const literal = encodePhpString(value, quote)
        expect(literal.at(0)).toBe(quote)
        expect(decodePhpString(literal)).toBe(value)
      }),
    )
  })

  test.for([
    [String.raw`'a\\b\'c\n'`, String.raw`a\b'c\n`],
    [String.raw`"a\\b\"c\n\t\r\v\e\f\$"`, 'a\\b"c\n\t\r\v\u001b\f$'],
    [String.raw`"\101\x41\X4a\400\8\q\'"`, `AAJ\0${String.raw`\8\q\'`}`],
    [String.raw`"\u{e9}"`, '\xc3\xa9'],
    [String.raw`"$ $1 {x} $"`, '$ $1 {x} $'],
    [String.raw`"$\x41"`, '$A'],
    [`''`, ''],
  ] as const)('%s is decoded as PHP does', ([literal, value]) => {
    expect(decodePhpString(literal)).toBe(value)
  })

  test.for([
    [`'a`],
    [`'`],
    [``],
    [`'a"`],
    [String.raw`'a\'`],
    [`'a'b'`],
    [`"$a"`],
    ['"${a}"'],
    [`"{$a}"`],
    [`"$\xe9"`],
    [String.raw`"\u{}"`],
    [String.raw`"\u{zz}"`],
    [String.raw`"\u{110000}"`],
    [String.raw`"\u{d800}"`],
    [`b'a'`],
  ])('%s is no plain literal', ([literal]) => {
    expect(decodePhpString(literal ?? '')).toBeUndefined()
  })
})
