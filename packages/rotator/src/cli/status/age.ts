import type { CredentialStatus } from '../../engine/look.ts'

/** How old a password is, and what its target's `max_age` makes of that. Milliseconds. */
export interface Age {
  /** Absent where no record says when the password was made. */
  readonly ageMs?: number
  /** Until a rotation is due; negative when it is overdue. Absent without age or `max_age`. */
  readonly dueInMs?: number
}

/** Only the password that applications use falls due. */
export function ageOf(
  { changedAt, active }: CredentialStatus,
  maxAgeMs: number | undefined,
  now: Date,
): Age {
  const made = changedAt === undefined ? NaN : Date.parse(changedAt)
  if (Number.isNaN(made)) return {}
  const ageMs = Math.max(0, now.getTime() - made)
  return active && maxAgeMs !== undefined ? { ageMs, dueInMs: maxAgeMs - ageMs } : { ageMs }
}
