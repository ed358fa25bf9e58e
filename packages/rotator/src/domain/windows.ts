/** The days of a week, as a configuration names them. */
export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** One of {@link DAYS}. */
export type Day = (typeof DAYS)[number]

/**
 * A time of the week in which rotations may be started, as a clock on the wall shows it in one time
 * zone. It begins on each of `days` at `from` and ends at `to`, on the next day where `to` is not
 * after `from`.
 *
 * Only what the wall clock shows counts: in the night in which an hour is skipped, a window within
 * that hour does not open; where an hour is repeated, a window within it opens twice.
 */
export interface Window {
  /** Not empty. */
  readonly days: readonly Day[]
  /** Minute of the day, 0 to 1439. */
  readonly from: number
  /** Minute of the day, 1 to 1440; another than `from`. */
  readonly to: number
  /** IANA name, as `Europe/Berlin`. */
  readonly timezone: string
}

/** Whether a window is open, and until when that stays so. */
export type WindowState =
  /** Without `closesAt` it does not close within {@link HORIZON_DAYS}. */
  | { readonly open: true; readonly closesAt?: Date }
  /** Without `opensAt` none opens within {@link HORIZON_DAYS}. */
  | { readonly open: false; readonly opensAt?: Date }

/** A weekly window can fall into a skipped hour once, so that it opens after 14 days. */
export const HORIZON_DAYS = 15

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY = 24 * 60
const WEEK = 7 * DAY

/** Whether any of these windows is open at this time. Minutes count whole. */
export function windowState(windows: readonly Window[], now: Date): WindowState {
  const clocked = windows.map((window) => ({ window, wall: wallOf(window.timezone) }))
  const open = isAnyOpen(clocked, now.getTime())
  const at = firstChange(clocked, now.getTime(), open)
  if (open) return { open, ...(at && { closesAt: at }) }
  return { open, ...(at && { opensAt: at }) }
}

/** When the windows are no longer open, or closed, as they are `now`. */
function firstChange(clocked: readonly Clocked[], now: number, open: boolean): Date | undefined {
  const begin = Math.floor(now / MINUTE_MS) * MINUTE_MS
  const hours = Array.from({ length: HORIZON_DAYS * 24 }, (_, hour) => begin + hour * HOUR_MS)
  for (const start of hours) {
    const hourly = clocked.map(({ window, wall }) => ({ window, wall: hourOf(wall, start) }))
    for (let minute = 0; minute < 60; minute++) {
      const at = start + minute * MINUTE_MS
      if (isAnyOpen(hourly, at) !== open) return new Date(at)
    }
  }
  return undefined
}

/**
 * The same as `wall` for the hour from `start`, without asking it for each minute: offsets change a
 * few times a year, so most hours are read off the clock once, at their start.
 */
function hourOf(wall: Wall, start: number): Wall {
  const first = wall(start)
  const isSteady = distance(first, wall(start + 59 * MINUTE_MS)) === 59
  return isSteady ? (at) => (first + (at - start) / MINUTE_MS) % WEEK : wall
}

/** What a clock on the wall shows at an instant: minutes since Sunday 00:00. */
type Wall = (at: number) => number

/** A window and the clock that it goes by. */
interface Clocked {
  readonly window: Window
  readonly wall: Wall
}

function isAnyOpen(clocked: readonly Clocked[], at: number): boolean {
  return clocked.some(({ window, wall }) => isOpen(window, Math.floor(wall(at))))
}

function isOpen({ days, from, to }: Window, shown: number): boolean {
  const length = to > from ? to - from : to - from + DAY
  return days.some((day) => distance(DAYS.indexOf(day) * DAY + from, shown) < length)
}

/** Minutes from one time of the week to the next time it is the other. */
function distance(from: number, to: number): number {
  return (to - from + WEEK) % WEEK
}

function wallOf(timeZone: string): Wall {
  const clock = clockOf(timeZone)
  return (at) => {
    const { day, hour, minute } = clock(at)
    return DAYS.findIndex((name) => name === day) * DAY + Number(hour) * 60 + Number(minute)
  }
}

/** The name of the day, and hour and minute of two digits each. */
interface Shown {
  readonly day: string
  readonly hour: string
  readonly minute: string
}

/** The locale fixes the names of the days; the zone does the rest. */
function clockOf(timeZone: string): (at: number) => Shown {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const [day, hour, minute] = [parts.get('weekday'), parts.get('hour'), parts.get('minute')]
    return { day: String(day).toLowerCase(), hour: String(hour), minute: String(minute) }
  }
}

/** An instant as UTC and as the wall clocks of the windows show it. */
export function timeText(at: Date, windows: readonly Window[]): string {
  const zones = [...new Set(windows.map(({ timezone }) => timezone))]
  const shown = zones.map((zone) => {
    const { day, hour, minute } = clockOf(zone)(at.getTime())
    return `${day} ${hour}:${minute} ${zone}`
  })
  return `${at.toISOString().slice(0, 16)}Z (${shown.join(', ')})`
}
