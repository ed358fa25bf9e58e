import { describe, expect, test } from 'vitest'
import type { Outcome } from '../engine/result.ts'
import { EXIT, EXIT_HELP, exitCodeOf } from './exit-codes.ts'

const OUTCOMES: readonly (readonly [Outcome, number])[] = [
  ['rotated', 0],
  ['healed', 0],
  ['settled', 0],
  ['failed', 1],
  ['refused', 3],
  ['backed-out', 4],
  ['stopped', 5],
  ['locked', 6],
]

describe('exitCodeOf', () => {
  test.each(OUTCOMES)('%s of a rotation is %d', (outcome, code) => {
    expect(exitCodeOf(outcome, 'rotate')).toBe(code)
    expect(exitCodeOf(outcome, 'converge')).toBe(code)
  })

  test('backing out is a success where it was asked for', () => {
    expect(exitCodeOf('backed-out', 'back-out')).toBe(0)
    expect(exitCodeOf('stopped', 'back-out')).toBe(5)
  })

  test('the help lists every code', () => {
    const listed = [...EXIT_HELP.matchAll(/(?:^| ) {1,2}(\d+) {2}/gm)].map(([, code]) =>
      Number(code),
    )
    expect(listed.toSorted((a, b) => a - b)).toEqual(Object.values(EXIT))
  })
})
