import type { CredentialStatus, Look } from '../../engine/look.ts'
import type { LockState, Session } from '../../ports/database.ts'
import type { Plan } from '../../domain/plan.ts'
import type { RotationFacts } from '../../domain/observed.ts'
import type { TargetConfig } from '../../config/types.ts'
import { ageOf } from './age.ts'
import type { Age } from './age.ts'
import { windowOf } from './window.ts'
import type { WindowStatus } from './window.ts'
import { driftOf } from './drift.ts'

/** What `cuedot status --json` shows of one target. Times in milliseconds, never a password. */
export interface Status {
  readonly target: string
  readonly strategy: TargetConfig['strategy']
  readonly activeSlot?: 'A' | 'B'
  readonly credentials: readonly (CredentialStatus & Age)[]
  /** The open rotation. */
  readonly rotation?: RotationFacts
  readonly lock: LockState
  readonly sessions: readonly Session[]
  readonly drift: readonly string[]
  readonly last?: Look['last']
  /** Whether a rotation may be started now; absent where it may at any time. */
  readonly window?: WindowStatus
  /** True when the password that applications use is older than `max_age`. */
  readonly overdue: boolean
  /** What `cuedot heal` would do now. */
  readonly next: Plan
  /** True when a person should look: drift, a refusal, an overdue or an interrupted rotation. */
  readonly attention: boolean
}

/** Judges what was seen: pure. */
export function statusOf(look: Look, config: TargetConfig, now: Date): Status {
  const { target, observed, lock, sessions, last, plan: next } = look
  const credentials = look.credentials.map((credential) => ({
    ...credential,
    ...ageOf(credential, config.maxAgeMs, now),
  }))
  const slots = 'store' in observed ? observed.store : undefined
  const rotation = slots?.rotation
  const drift = driftOf(look)
  const overdue = credentials.some(({ dueInMs }) => dueInMs !== undefined && dueInMs < 0)
  const window = windowOf(config, now)
  const unfinished = next.actions.length > 0 && lock.kind !== 'held'
  return {
    target,
    strategy: config.strategy,
    ...(slots && { activeSlot: slots.active }),
    credentials,
    ...(rotation && { rotation }),
    lock,
    sessions,
    drift,
    ...(last && { last }),
    ...(window && { window }),
    overdue,
    next,
    attention: drift.length > 0 || overdue || unfinished || next.end.kind !== 'settled',
  }
}
