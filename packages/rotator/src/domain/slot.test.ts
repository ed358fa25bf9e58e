import { expect, test } from 'vitest'
import { other, SLOTS } from './slot.ts'

test('the other slot is the one of the two that this one is not', () => {
  expect(SLOTS.map((slot) => other(slot))).toEqual(SLOTS.toReversed())
  expect(new Set(SLOTS).size).toBe(2)
})
