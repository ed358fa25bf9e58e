import { describe, expect, test } from 'vitest'
import { pointOfNoReturn } from './plan.ts'

const why = 'it is due'

describe('the point of no return', () => {
  test('is before the old password dies', () => {
    const steps = ['open', 'set', 'flip', 'retire', 'close'] as const
    expect(pointOfNoReturn(steps.map((step) => ({ step, slot: 'A', why })))).toBe(3)
  })

  test('of a single user is before its password is set', () => {
    const steps = ['open', 'set', 'flip'] as const
    expect(pointOfNoReturn(steps.map((step) => ({ step, slot: 'user', why })))).toBe(1)
  })

  test('is not in a plan that takes nothing from anybody', () => {
    const steps = ['heal', 'close'] as const
    expect(pointOfNoReturn(steps.map((step) => ({ step, slot: 'A', why })))).toBeUndefined()
  })
})
