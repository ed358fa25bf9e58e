import * as z from 'zod'
import type { WindowConfig } from './types.ts'

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/
const END = /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/

function time(pattern: RegExp, latest: string): z.ZodType<number> {
  const message = `must be a time of the day in quotes, "00:00" to "${latest}"`
  return z
    .string(message)
    .regex(pattern, message)
    .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))
}

/** One window: days of the week, from and to, as a wall clock in one time zone shows them. */
export const windowSchema: z.ZodType<WindowConfig> = z
  .strictObject({
    days: z
      .array(z.enum(DAYS))
      .min(1, 'must name at least one day')
      .default([...DAYS])
      .describe('The days on which it begins: mon, tue, wed, thu, fri, sat, sun. Default: all.'),
    from: time(TIME, '23:59').describe('When it begins, as "02:00".'),
    to: time(END, '24:00').describe('When it ends; on the next day where it is not after `from`.'),
    timezone: z
      .string()
      .refine(isTimezone, { error: 'is no time zone: give a name such as Europe/Berlin or UTC' })
      .describe('Whose clock counts: an IANA name, as Europe/Berlin.'),
  })
  .refine(({ from, to }) => from !== to, {
    error: 'ends when it begins: for the whole day write from "00:00" to "24:00"',
    path: ['to'],
  })

function isTimezone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
