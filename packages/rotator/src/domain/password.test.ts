import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { DEFAULT_PASSWORD_POLICY, generatePassword, policyProblem } from './password.ts'

/** Gives 0, 1, 2 … 255, 0 … one after the other. */
function counting(): (count: number) => Uint8Array {
  let next = 0
  return (count) => Uint8Array.from({ length: count }, () => next++ % 256)
}

describe('a generated password', () => {
  test('T36 has the length that is asked for, and none comes twice', () => {
    for (const length of [30, 40, 50]) {
      const policy = { ...DEFAULT_PASSWORD_POLICY, length }
      const drawn = Array.from({ length: 100 }, () => generatePassword(policy, randomBytes))
      for (const password of drawn) expect(password).toMatch(/^[A-Za-z0-9]+$/)
      expect(new Set(drawn.map((password) => password.length))).toEqual(new Set([length]))
      expect(new Set(drawn).size).toBe(100)
    }
  })

  test('draws every character equally often', () => {
    const policy = { ...DEFAULT_PASSWORD_POLICY, length: 124 }
    const bytes = counting()
    const drawn = Array.from({ length: 16 }, () => generatePassword(policy, bytes)).join('')
    const times = [...policy.alphabet].map((character) => drawn.split(character).length - 1)
    expect(new Set(times)).toEqual(new Set([(16 * 124) / 62]))
  })

  test('takes no more from the random source than it needs', () => {
    const bytes = vi.fn<(count: number) => Uint8Array>(counting())
    generatePassword(DEFAULT_PASSWORD_POLICY, bytes)
    expect(bytes.mock.calls).toEqual([[30]])
  })

  test('is given up after a thousand draws of nothing that can be used', () => {
    const stuck = vi.fn<(count: number) => Uint8Array>((count) => new Uint8Array(count).fill(255))
    expect(() => generatePassword(DEFAULT_PASSWORD_POLICY, stuck)).toThrow('no usable bytes')
    expect(stuck).toHaveBeenCalledTimes(1000)
  })
})

describe('a policy', () => {
  test.each([
    [{ length: 30, alphabet: 'abcabc' }, 'twice'],
    [{ length: 30, alphabet: 'ab c' }, 'printable'],
    [{ length: 15, alphabet: DEFAULT_PASSWORD_POLICY.alphabet }, '16 to 128'],
    [{ length: 129, alphabet: DEFAULT_PASSWORD_POLICY.alphabet }, '16 to 128'],
    [{ length: 40, alphabet: 'abcd' }, '80 bits'],
    [{ length: 128, alphabet: '' }, '0 bits'],
  ])('%j is refused', (policy, problem) => {
    expect(policyProblem(policy)).toContain(problem)
  })

  test('of enough characters is taken', () => {
    expect(policyProblem(DEFAULT_PASSWORD_POLICY)).toBeUndefined()
    expect(policyProblem({ length: 45, alphabet: 'abcd' })).toBeUndefined()
    expect(policyProblem({ ...DEFAULT_PASSWORD_POLICY, length: 16 })).toBeUndefined()
    expect(policyProblem({ ...DEFAULT_PASSWORD_POLICY, length: 128 })).toBeUndefined()
  })
})
