import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { isRotatorError } from '../../errors.ts'
import { seal, unseal } from './envelope.ts'
import type { Key } from './envelope.ts'

function keyOf(bytes: Uint8Array): Key {
  return new Sensitive(bytes, 'key')
}

const key = keyOf(randomBytes(32))
const sealed = seal('{"password":"canary"}', 'app/db', key)

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return isRotatorError(error) ? error.code : String(error)
  }
  return 'none'
}

describe('an envelope', () => {
  test('gives back every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, name) => {
        expect(unseal(seal(text, name, key), name, key)).toBe(text)
      }),
    )
  })

  test('is another one each time, for the nonce is fresh', () => {
    const nonces = Array.from({ length: 100 }, () => {
      const { nonce } = JSON.parse(Buffer.from(seal('x', 's', key)).toString()) as Record<
        string,
        string
      >
      return nonce
    })
    expect(new Set(nonces).size).toBe(100)
  })

  test('is unreadable when any of its bytes is another one', () => {
    const place = fc.integer({ min: 0, max: sealed.length - 2 })
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const damaged = Buffer.from(sealed)
        damaged[index] = (damaged[index] ?? 0) ^ flip
        expect(codeOf(() => unseal(damaged, 'app/db', key))).toBe('ERR_STORE_UNREADABLE')
      }),
      { numRuns: 2000 },
    )
  })

  test('is unreadable when it is cut off anywhere', () => {
    const codes = Array.from({ length: sealed.length - 1 }, (_, length) =>
      codeOf(() => unseal(sealed.subarray(0, length), 'app/db', key)),
    )
    expect(new Set(codes)).toEqual(new Set(['ERR_STORE_UNREADABLE']))
  })

  test('does not pass as the secret of another name', () => {
    expect(codeOf(() => unseal(sealed, 'app/other', key))).toBe('ERR_STORE_UNREADABLE')
  })

  test.each(['', '{}', 'null', '[]', '{"format":"cuedot-secret/1"}', 'not JSON'])(
    'is not %j',
    (text) => {
      const bytes = Buffer.from(text)
      expect(codeOf(() => unseal(bytes, 'app/db', key))).toBe('ERR_STORE_UNREADABLE')
    },
  )
})

describe('a key', () => {
  test('other than the one that was used is ERR_STORE_KEY', () => {
    expect(codeOf(() => unseal(sealed, 'app/db', keyOf(randomBytes(32))))).toBe('ERR_STORE_KEY')
  })

  test.each([0, 16, 31, 33, 64])('of %i bytes is ERR_STORE_KEY', (length) => {
    const other = keyOf(randomBytes(length))
    expect(codeOf(() => unseal(sealed, 'app/db', other))).toBe('ERR_STORE_KEY')
    expect(codeOf(() => seal('x', 'app/db', other))).toBe('ERR_STORE_KEY')
  })
})
