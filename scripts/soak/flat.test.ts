import { describe, expect, test } from 'vitest'
import { growthOf, slopeOf } from './flat.ts'
import type { Look } from './flat.ts'

const LEVEL = {
  ...{ heap: 1e7, rss: 1e8, handles: 4, files: 26 },
  ...{ sessions: 0, prepared: 0, locks: 0, accounts: 21 },
}

function looks(count: number, change: (n: number) => Partial<Look> = () => ({})): readonly Look[] {
  return Array.from({ length: count }, (_, n) => ({ ...LEVEL, after: n * 10, ...change(n) }))
}

describe('what grows', () => {
  test('what stays the same does not, and noise that goes up and down does not', () => {
    expect(growthOf(looks(50))).toEqual([])
    expect(growthOf(looks(50, (n) => ({ heap: 1e7 + (n % 2) * 50_000 })))).toEqual([])
  })

  test('one file descriptor in a hundred rotations does', () => {
    const leak = growthOf(looks(50, (n) => ({ files: 26 + Math.floor(n / 10) })))
    expect(leak).toEqual([expect.stringMatching(/^files grows by 0\.0\d+ per rotation$/)])
  })

  test('two kilobytes per rotation do, and what was loaded in the first half does not', () => {
    expect(growthOf(looks(50, (n) => ({ heap: 1e7 + n * 20_480 })))).toEqual([
      'heap grows by 2048.000 per rotation',
    ])
    expect(growthOf(looks(50, (n) => ({ heap: n < 20 ? 5e6 : 1e7 })))).toEqual([])
  })

  test('few rotations say nothing about bytes and everything about what is left', () => {
    expect(growthOf(looks(6, (n) => ({ heap: 1e7 + n * 1e6 })))).toEqual([])
    expect(growthOf(looks(6, () => ({ sessions: 1 })))).toEqual([
      '1 sessions are left after a rotation',
    ])
  })

  test('the slope is that of the line with the least squares', () => {
    expect(
      slopeOf(
        looks(5, (n) => ({ heap: n * 30 })),
        'heap',
      ),
    ).toBeCloseTo(3)
    expect(slopeOf(looks(1), 'heap')).toBe(0)
  })
})
