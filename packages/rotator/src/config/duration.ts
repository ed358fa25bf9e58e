/** Milliseconds of one unit. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** What a duration looks like: a whole number and a unit, as `500ms`, `5s`, `15m`, `2h`, `30d`. */
export const DURATION: RegExp = /^(\d{1,9})(ms|s|m|h|d)$/

/** The milliseconds that a duration names, or undefined for a text that is none. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? []
  const size = unit === undefined ? undefined : UNITS[unit]
  return count === undefined || size === undefined ? undefined : Number(count) * size
}

/**
 * A duration as a person says it: at most two units, rounded down, as `450ms`, `1.2s`, `4m 10s`,
 * `2d 3h`.
 *
 * @param ms - milliseconds, 0 or more
 */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.floor(ms)}ms`
  if (ms < 10_000) return `${Math.floor(ms / 100) / 10}s`
  const [large, small] = ms < 3_600_000 ? ['m', 's'] : ms < 86_400_000 ? ['h', 'm'] : ['d', 'h']
  const [most, least] = [UNITS[large] ?? 1, UNITS[small] ?? 1]
  const whole = Math.floor(ms / most)
  const rest = Math.floor((ms % most) / least)
  const parts = [whole > 0 ? `${whole}${large}` : '', rest > 0 ? `${rest}${small}` : '']
  return parts.filter((part) => part !== '').join(' ')
}
