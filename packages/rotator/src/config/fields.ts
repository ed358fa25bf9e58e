import { resolve } from 'node:path'
import * as z from 'zod'
import { DURATION, parseDuration } from './duration.ts'

/** A duration as people write it; milliseconds come out. Bounds and default are durations, too. */
export function duration(options: {
  readonly least: string
  readonly most: string
  readonly default?: string
}): z.ZodType<number> {
  const [least, most] = [parseDuration(options.least) ?? 0, parseDuration(options.most) ?? 0]
  const text = z
    .string('must be a duration: a number with a unit, as 500ms, 5s, 15m, 2h, 30d')
    .regex(DURATION, 'must be a duration: a number with a unit, as 500ms, 5s, 15m, 2h, 30d')
    .refine((value) => within(value, least, most), {
      error: `must be ${options.least} to ${options.most}`,
    })
  const given = options.default === undefined ? text : text.prefault(options.default)
  return given.transform((value) => parseDuration(value) ?? 0)
}

/** A text that is no duration has its own complaint already. */
function within(text: string, least: number, most: number): boolean {
  const ms = parseDuration(text)
  return ms === undefined || (ms >= least && ms <= most)
}

/** A path; a relative one starts at the folder of the configuration file. */
export function filePath(folder: string): z.ZodType<string> {
  return nonEmpty().transform((path) => resolve(folder, path))
}

/** A string of at least one character. */
export function nonEmpty(): z.ZodString {
  return z.string().min(1, 'must not be empty')
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** A name that stands in plans and messages. */
export function id(): z.ZodString {
  return z.string().regex(ID, 'must be 1 to 63 letters, digits, dots, dashes or underscores')
}

/** An http or https address without a user or password in it. */
export function httpUrl(): z.ZodString {
  return nonEmpty().refine(isPlainHttpUrl, {
    error: 'must be an http or https URL without a user or password in it',
  })
}

function isPlainHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === ''
}

/** Refuses a list in which two entries have one id. */
export function distinctIds(entries: readonly { readonly id: string }[]): boolean {
  return new Set(entries.map((entry) => entry.id)).size === entries.length
}
