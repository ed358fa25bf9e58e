import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { generatePassword } from './password.ts'
import { DEFAULT_PASSWORD_RULES, alphabetsOf, drawByRules, rulesProblem } from './password-rules.ts'
import type { CharacterKind, PasswordRules } from './password-rules.ts'

const KINDS: readonly CharacterKind[] = ['uppercase', 'lowercase', 'numbers', 'punctuation']

const bytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count))
const draw = (rules: PasswordRules): string =>
  drawByRules(rules, (alphabet, length) => generatePassword({ alphabet, length }, bytes))

const rules: fc.Arbitrary<PasswordRules> = fc
  .record({
    length: fc.integer({ min: 8, max: 128 }),
    exclude: fc.string({ maxLength: 40 }),
    without: fc.subarray([...KINDS]),
    requireEach: fc.boolean(),
  })
  .filter((made) => rulesProblem(made) === undefined)

describe('a password by the rules of GetRandomPassword', () => {
  test('has its length, nothing that is excluded, and each kind that is required', () => {
    fc.assert(
      fc.property(rules, (made) => {
        const password = draw(made)
        expect(password).toHaveLength(made.length)
        expect([...password].filter((char) => made.exclude.includes(char))).toEqual([])
        const alphabets = alphabetsOf(made)
        expect([...password].every((char) => alphabets.join('').includes(char))).toBe(true)
        for (const kind of made.requireEach ? alphabets : [])
          expect([...kind].some((char) => password.includes(char))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('by default has 32 characters of all kinds, without those that templates exclude', () => {
    const password = draw(DEFAULT_PASSWORD_RULES)
    expect(password).toHaveLength(32)
    for (const kind of [/[A-Z]/, /[a-z]/, /\d/, /[^A-Za-z0-9]/]) expect(password).toMatch(kind)
    expect(password).not.toMatch(/[:/@"'\\]/)
  })

  test('favours no character: 200,000 of four letters, each within five sigma', () => {
    const only = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].slice(4).join('')
    const four: PasswordRules = {
      ...{ length: 100, exclude: only, without: ['lowercase', 'numbers', 'punctuation'] },
      requireEach: false,
    }
    const counts = new Map<string, number>()
    for (let at = 0; at < 2_000; at++)
      for (const char of draw(four)) counts.set(char, (counts.get(char) ?? 0) + 1)
    const sigma = Math.sqrt(200_000 * 0.25 * 0.75)
    expect([...counts.keys()].toSorted()).toEqual(['A', 'B', 'C', 'D'])
    for (const count of counts.values()) expect(Math.abs(count - 50_000)).toBeLessThan(5 * sigma)
  })

  test.each([
    [{ length: 7 }, 'PASSWORD_LENGTH'],
    [{ length: 129 }, 'PASSWORD_LENGTH'],
    [{ length: Number.NaN }, 'PASSWORD_LENGTH'],
    [{ without: KINDS }, 'no character'],
    [{ length: 8, without: KINDS.slice(0, 2), exclude: '0123456789!"#$%&' }, 'bits'],
  ])('rules that cannot be kept are refused: %j', (wrong, named) => {
    expect(rulesProblem({ ...DEFAULT_PASSWORD_RULES, ...wrong })).toContain(named)
  })
})
