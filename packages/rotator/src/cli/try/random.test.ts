import { expect, test } from 'vitest'
import { seededRandom, seedFrom } from './random.ts'

test('the same seed draws the same numbers, another one others', () => {
  const draws = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed))
  expect(draws(7)).toEqual(draws(7))
  expect(draws(7)).not.toEqual(draws(8))
})

test('the first draw of small seeds reaches every ninth of the range', () => {
  const ninths = Array.from({ length: 200 }, (_, seed) => Math.floor(seededRandom(seed)() * 9))
  expect(new Set(ninths).size).toBe(9)
})

test.each(['-1', '1.5', 'x', '4294967296', ' 1'])('%j is no seed', (text) => {
  expect(() => seedFrom(text)).toThrow('CUEDOT_TRY_SEED must be a number')
})

test('a seed that is given is taken, and one is made where none is', () => {
  expect(seedFrom('4294967295')).toBe(4294967295)
  expect(seedFrom(undefined)).toBeLessThan(2 ** 32)
})
