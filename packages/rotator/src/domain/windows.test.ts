// Goal: a window is open when a clock on the wall of its zone says so, in every night of the year.
// Method: nights in which clocks change, and a slow oracle that asks for each minute.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { DAYS, HORIZON_DAYS, timeText, windowState } from './windows.ts'
import type { Day, Window } from './windows.ts'

const BERLIN = 'Europe/Berlin'

function window(from: string, to: string, more: Partial<Window> = {}): Window {
  const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
  return { days: DAYS, from: minutes(from), to: minutes(to), timezone: BERLIN, ...more }
}

const at = (text: string): Date => new Date(text)
const isOpen = (windows: readonly Window[], text: string): boolean =>
  windowState(windows, at(text)).open

describe('a window', () => {
  const night = window('02:00', '04:00', { days: ['tue'] })

  test('opens at its first minute and is closed at its last', () => {
    expect(isOpen([night], '2026-11-24T00:59:59.999Z')).toBe(false)
    expect(isOpen([night], '2026-11-24T01:00:00.000Z')).toBe(true)
    expect(isOpen([night], '2026-11-24T02:59:59.999Z')).toBe(true)
    expect(isOpen([night], '2026-11-24T03:00:00.000Z')).toBe(false)
  })

  test('says until when it is open, and when it opens next', () => {
    expect(windowState([night], at('2026-11-24T01:30:30Z'))).toEqual({
      open: true,
      closesAt: at('2026-11-24T03:00:00Z'),
    })
    expect(windowState([night], at('2026-11-24T03:00:00Z'))).toEqual({
      open: false,
      opensAt: at('2026-12-01T01:00:00Z'),
    })
  })

  test('across midnight belongs to the day on which it begins', () => {
    const late = window('23:00', '01:00', { days: ['sat'], timezone: 'UTC' })
    expect(isOpen([late], '2026-11-21T00:30:00Z')).toBe(false)
    expect(isOpen([late], '2026-11-21T23:30:00Z')).toBe(true)
    expect(isOpen([late], '2026-11-22T00:59:00Z')).toBe(true)
    expect(isOpen([late], '2026-11-22T01:00:00Z')).toBe(false)
    expect(isOpen([late], '2026-11-22T23:30:00Z')).toBe(false)
  })

  test('from 00:00 to 24:00 on every day never closes', () => {
    expect(windowState([window('00:00', '24:00')], at('2026-03-29T00:30:00Z'))).toEqual({
      open: true,
    })
  })

  test('is looked for by reading the clock twice an hour, not each minute', () => {
    const read = vi.spyOn(Intl.DateTimeFormat.prototype, 'formatToParts')
    windowState([window('00:00', '24:00', { timezone: 'UTC' })], at('2026-03-29T00:30:00Z'))
    const reads = read.mock.calls.length
    read.mockRestore()
    expect(reads).toBe(1 + 2 * 24 * HORIZON_DAYS)
  })

  test('beside another is open when either is, across time zones', () => {
    const two = [window('02:00', '03:00'), window('02:00', '03:00', { timezone: 'Asia/Tokyo' })]
    expect(isOpen(two, '2026-11-24T01:30:00Z')).toBe(true)
    expect(isOpen(two, '2026-11-23T17:30:00Z')).toBe(true)
    expect(isOpen(two, '2026-11-23T18:00:00Z')).toBe(false)
    expect(windowState(two, at('2026-11-24T02:00:00Z'))).toEqual({
      open: false,
      opensAt: at('2026-11-24T17:00:00Z'),
    })
  })
})

describe('in the night in which an hour is skipped (Berlin, 29 March 2026, 02:00 to 03:00)', () => {
  test('a window within that hour does not open, and next opens the day after', () => {
    const skipped = window('02:15', '02:45')
    expect(windowState([skipped], at('2026-03-28T23:00:00Z'))).toEqual({
      open: false,
      opensAt: at('2026-03-30T00:15:00Z'),
    })
  })

  test('a window that is that hour does not open', () => {
    const skipped = window('02:00', '03:00')
    expect(windowState([skipped], at('2026-03-28T23:00:00Z'))).toEqual({
      open: false,
      opensAt: at('2026-03-30T00:00:00Z'),
    })
  })

  test('a weekly window within that hour opens a week later', () => {
    const skipped = window('02:15', '02:45', { days: ['sun'] })
    expect(windowState([skipped], at('2026-03-22T02:00:00Z'))).toEqual({
      open: false,
      opensAt: at('2026-04-05T00:15:00Z'),
    })
  })

  test('a window that begins in that hour opens when the hour is over', () => {
    const half = window('02:30', '04:00', { days: ['sun'] })
    expect(windowState([half], at('2026-03-29T00:00:00Z'))).toEqual({
      open: false,
      opensAt: at('2026-03-29T01:00:00Z'),
    })
    expect(isOpen([half], '2026-03-29T01:59:00Z')).toBe(true)
    expect(isOpen([half], '2026-03-29T02:00:00Z')).toBe(false)
  })
})

describe('in the night in which an hour is repeated (Berlin, 25 October 2026, 02:00)', () => {
  test('a window over that hour is an hour longer', () => {
    const long = window('01:00', '04:00', { days: ['sun'] })
    expect(windowState([long], at('2026-10-24T23:00:00Z'))).toEqual({
      open: true,
      closesAt: at('2026-10-25T03:00:00Z'),
    })
  })

  test('a window within that hour opens twice', () => {
    const short = window('02:00', '02:30', { days: ['sun'] })
    const opens = ['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z']
    const closes = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z']
    for (const instant of opens) expect(isOpen([short], instant)).toBe(true)
    for (const instant of closes) expect(isOpen([short], instant)).toBe(false)
    expect(windowState([short], at('2026-10-25T00:30:00Z'))).toEqual({
      open: false,
      opensAt: at('2026-10-25T01:00:00Z'),
    })
  })
})

describe('compared with a slow oracle', () => {
  /** Zones whose clocks change by an hour, by half of one, at midnight, or never. */
  const zones = [BERLIN, 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC']
  const changing = [...zones, 'Africa/Cairo', 'America/St_Johns', 'Pacific/Chatham']
  const minute = fc.integer({ min: 0, max: 1439 })
  const anyWindow = fc
    .record({
      days: fc.subarray([...DAYS], { minLength: 1 }),
      from: minute,
      to: fc.integer({ min: 1, max: 1440 }),
      timezone: fc.constantFrom(...changing),
    })
    .filter(({ from, to }) => from !== to)
  const begin = Date.parse('2026-01-01T00:00:00Z')
  const anyTime = fc.integer({ min: 0, max: 730 * 24 * 60 }).map((n) => begin + n * 60_000)

  test('any windows are open at the same minutes', () => {
    fc.assert(
      fc.property(fc.array(anyWindow, { minLength: 1, maxLength: 3 }), anyTime, (windows, time) => {
        const expected = windows.some((one) => oracle(one, time))
        expect(windowState(windows, new Date(time)).open).toBe(expected)
      }),
      { numRuns: 400 },
    )
  })

  test('any window changes at the same minute', () => {
    // Near the changes of 2026 in Berlin and New York, where it matters, and anywhere else.
    const changes = ['2026-03-08T06:30Z', '2026-03-28T23:00Z', '2026-10-24T22:30Z']
    const near = fc
      .constantFrom(...changes)
      .chain((text) =>
        fc.integer({ min: -600, max: 600 }).map((n) => Date.parse(text) + n * 60_000),
      )
    fc.assert(
      fc.property(anyWindow, fc.oneof(near, anyTime), (one, time) => {
        const state = windowState([one], new Date(time))
        expect(state).toEqual(slowState(one, time))
      }),
      { numRuns: 60 },
    )
  })
})

/** Reads the wall clock as a text and compares day and time one by one. */
function oracle({ days, from, to, timezone }: Window, time: number): boolean {
  const shown = wallText(time, timezone)
  const [day = '', clock = ''] = shown.split(' ')
  const [hour = '', minute = ''] = clock.split(':')
  const now = (Number(hour) % 24) * 60 + Number(minute)
  const today = day.toLowerCase()
  const yesterday = DAYS[(DAYS.findIndex((name) => name === today) + 6) % 7]
  const begins = (name: string | undefined): boolean => days.some((one: Day) => one === name)
  if (from < to) return begins(today) && now >= from && now < to
  return (begins(today) && now >= from) || (begins(yesterday) && now < to)
}

const formats = new Map<string, Intl.DateTimeFormat>()

function wallText(time: number, timeZone: string): string {
  const known = formats.get(timeZone)
  const options = { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit' } as const
  const format = known ?? new Intl.DateTimeFormat('en-GB', { ...options, hour12: false })
  formats.set(timeZone, format)
  return format.format(time).replace(',', '')
}

function slowState(one: Window, time: number): ReturnType<typeof windowState> {
  const open = oracle(one, time)
  for (let minute = 1; minute < HORIZON_DAYS * 24 * 60; minute++) {
    const later = time + minute * 60_000
    if (oracle(one, later) === open) continue
    return open ? { open, closesAt: new Date(later) } : { open, opensAt: new Date(later) }
  }
  return { open }
}

test('a time is told in UTC and as the clocks of the windows show it', () => {
  const two = [window('02:00', '03:00'), window('02:00', '03:00', { timezone: 'UTC' })]
  expect(timeText(at('2026-11-23T01:00:00Z'), two)).toBe(
    '2026-11-23T01:00Z (mon 02:00 Europe/Berlin, mon 01:00 UTC)',
  )
})
