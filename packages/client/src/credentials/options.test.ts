import { describe, expect, test } from 'vitest'
import { settingsOf } from './options.ts'
import { LONGEST_RETRY_MS, pollPauseMs, retryPauseMs } from './pauses.ts'

const VARIABLE = 'DB_SECRET_REFRESH_INTERVAL_MS'

describe('options', () => {
  test('have defaults', () => {
    expect(settingsOf({}, {})).toEqual({ pollMs: 300_000, cooldownMs: 1_000, timeoutMs: 10_000 })
  })

  test('take the time between polls from the environment where nothing else is said', () => {
    expect(settingsOf({}, { [VARIABLE]: '60000' }).pollMs).toBe(60_000)
    expect(settingsOf({ pollMs: 0 }, { [VARIABLE]: '60000' }).pollMs).toBe(0)
    expect(settingsOf({}, { [VARIABLE]: '' }).pollMs).toBe(300_000)
  })

  test.each([
    ['pollMs', { pollMs: 999 }, {}],
    ['pollMs', { pollMs: -1 }, {}],
    ['pollMs', { pollMs: NaN }, {}],
    [VARIABLE, {}, { [VARIABLE]: 'five minutes' }],
    ['cooldownMs', { cooldownMs: 60_001 }, {}],
    ['timeoutMs', { timeoutMs: 99 }, {}],
  ])('out of bounds are refused by the name of %s', (name, options, environment) => {
    const message = new RegExp(`^${name} must be \\d+ to \\d+ milliseconds$`)
    expect(() => settingsOf(options, environment)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', message: expect.stringMatching(message) }),
    )
  })
})

describe('pauses', () => {
  test('between polls are a quarter shorter or longer by chance', () => {
    expect(pollPauseMs(1_000, 0)).toBe(750)
    expect(pollPauseMs(1_000, 0.5)).toBe(1_000)
    expect(pollPauseMs(1_000, 0.999)).toBeLessThan(1_250)
  })

  test('double with each failure, up to a limit, and are never without chance', () => {
    expect([1, 2, 3].map((failures) => retryPauseMs(failures, 0))).toEqual([500, 1_000, 2_000])
    expect([1, 2, 3].map((failures) => retryPauseMs(failures, 0.5))).toEqual([750, 1_500, 3_000])
    expect(retryPauseMs(1_000, 0)).toBe(LONGEST_RETRY_MS / 2)
    expect(retryPauseMs(1_000, 0.999)).toBeLessThan(LONGEST_RETRY_MS)
  })
})
