import type { RotationRules, SecretDescription } from './description.ts'

/** The time by which the next rotation has occurred, and who says so. */
export interface NextRotation {
  readonly at: Date
  /** `aws`: `NextRotationDate`. `rules`: worked out from the last rotation and the rules. */
  readonly from: 'aws' | 'rules'
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface Interval {
  readonly count: number
  readonly unit: 'hours' | 'days'
}

/**
 * When the next rotation is over. What AWS says goes before everything. Without that it is worked
 * out for an interval; for `cron(…)` nothing is: then there is none.
 *
 * An interval counts from the last rotation. In days, the window begins at midnight UTC of the day
 * that it leads to, and ends with that day, or after `Duration`. In hours, the window ends an hour
 * later, or after `Duration`.
 *
 * @see AWS Secrets Manager API reference, RotationRulesType: AutomaticallyAfterDays counts from the
 *   previous rotation; ScheduleExpression: `rate()`; Duration: the end of a window without one
 */
export function nextRotation(description: SecretDescription): NextRotation | undefined {
  const { RotationEnabled, RotationRules: rules, NextRotationDate, LastRotatedDate } = description
  if (RotationEnabled !== true) return undefined
  if (NextRotationDate) return { at: NextRotationDate, from: 'aws' }
  const interval = rules && intervalOf(rules)
  if (!interval || !LastRotatedDate) return undefined
  const windowMs = durationMs(rules.Duration)
  const due = LastRotatedDate.getTime() + interval.count * unitMs(interval)
  if (interval.unit === 'hours') return { at: new Date(due + (windowMs ?? HOUR_MS)), from: 'rules' }
  const midnight = Math.floor(due / DAY_MS) * DAY_MS
  return { at: new Date(midnight + (windowMs ?? DAY_MS)), from: 'rules' }
}

function unitMs({ unit }: Interval): number {
  return unit === 'hours' ? HOUR_MS : DAY_MS
}

/** Of `cron(…)` and what is not understood none: the days that stand beside it are an average. */
function intervalOf({
  ScheduleExpression,
  AutomaticallyAfterDays,
}: RotationRules): Interval | undefined {
  if (ScheduleExpression === undefined)
    return AutomaticallyAfterDays === undefined
      ? undefined
      : { count: AutomaticallyAfterDays, unit: 'days' }
  const [, count, unit] =
    /^rate\(\s*(\d{1,4})\s+(hour|day)s?\s*\)$/u.exec(ScheduleExpression.trim()) ?? []
  if (count === undefined) return undefined
  return { count: Number(count), unit: unit === 'hour' ? 'hours' : 'days' }
}

function durationMs(duration: string | undefined): number | undefined {
  const hours = /^(\d{1,2})h$/u.exec(duration ?? '')?.[1]
  return hours === undefined ? undefined : Number(hours) * HOUR_MS
}
