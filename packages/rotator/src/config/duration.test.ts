import { describe, expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

describe('parseDuration', () => {
  test.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
  ])('takes %s for %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each(['5', '5 s', '-5s', '1.5h', '5S', 's', '', '5s5s', '1w', '9999999999s'])(
    'does not take %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )
})

describe('formatDuration', () => {
  test.each([
    [0, '0ms'],
    [999.9, '999ms'],
    [1_000, '1s'],
    [1_250, '1.2s'],
    [10_500, '10s'],
    [60_000, '1m'],
    [250_000, '4m 10s'],
    [3_600_000, '1h'],
    [5_400_000, '1h 30m'],
    [86_400_000, '1d'],
    [183_600_000, '2d 3h'],
  ])('says %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
