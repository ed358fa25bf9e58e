import type { Action } from '../domain/action.ts'
import type { TwoSlotFacts, Observed } from '../domain/observed.ts'
import type { RefusalCode } from '../domain/refusals.ts'
import type { ErrorCode } from '../errors.ts'

/**
 * How a run ended.
 * - `rotated`, `healed`, `backed-out`, `rehearsed`: as the document records it.
 * - `adopted`: a running user was taken over; no password was changed.
 * - `settled`: there was nothing to do.
 * - `refused`: nothing was done because acting could break an invariant; a person must look.
 * - `stopped`: half-way; both credentials work and running again is safe.
 * - `failed`: nothing had been begun when it failed.
 * - `locked`: another rotator holds the target.
 */
export type Outcome =
  | 'rotated'
  | 'healed'
  | 'adopted'
  | 'backed-out'
  | 'rehearsed'
  | 'settled'
  | 'refused'
  | 'stopped'
  | 'failed'
  | 'locked'

/** An action that was applied, and how long it took. */
export interface AppliedAction extends Action {
  readonly durationMs: number
}

/** What a run tells its caller. It is returned for every outcome; only bugs throw. */
export interface RunResult {
  readonly outcome: Outcome
  readonly target: string
  /** The rotation that this run worked on, if any. */
  readonly rotationId?: string
  /** The slot that applications belong on now. */
  readonly activeSlot?: 'A' | 'B'
  readonly code?: ErrorCode | RefusalCode | 'LOCKED'
  /** What happened. */
  readonly what: string
  /** What state things are in now. */
  readonly state: string
  /** What to do. Empty when there is nothing to do. */
  readonly todo: string
  readonly actions: readonly AppliedAction[]
  /** Each failure that was met on the way, the first one first. */
  readonly failures: readonly Failure[]
  readonly durationMs: number
  /** Hash of the approved plan that bound this run. */
  readonly plan?: string
}

/** Something that went wrong on the way, with the step that met it. */
export interface Failure {
  readonly step?: string
  readonly code: ErrorCode
  readonly message: string
}

/** Where a target stands, in a sentence or two; `open` is the rotation that is known to be open. */
export function describeState(observed: Observed | undefined, open?: string): string {
  if (observed === undefined) {
    const state = open === undefined ? 'Nothing could be observed' : `Rotation ${open} is open`
    return `${state}; this run has changed nothing.`
  }
  if (observed.strategy === 'managed') return describeManaged(observed)
  return observed.strategy === 'single-user'
    ? describeSingleUser(observed)
    : describeTwoSlots(observed)
}

function describeManaged(o: Extract<Observed, { strategy: 'managed' }>): string {
  const works = o.login.current ? 'logs in' : 'does NOT log in'
  const current = `The current version of the secret ${works}.`
  if (o.owner === 'busy') return `${current} Its owner is rotating it (${o.says}).`
  if (o.owner === 'impaired') return `${current} Its owner cannot rotate it (${o.says}).`
  if (o.asked !== 'no' && !o.changed) return `${current} A rotation was asked for.`
  return current
}

function describeSingleUser(o: Extract<Observed, { strategy: 'single-user' }>): string {
  if (o.pending === 'none') return 'The current version of the secret is the one in force.'
  if (o.pending === 'foreign') return 'AWSPENDING holds a version that is not ours.'
  return o.login.pending
    ? 'The database accepts the staged password; it is not the current version yet.'
    : 'A password is staged; the database still has the one before it.'
}

function describeTwoSlots(o: TwoSlotFacts): string {
  const { active, rotation } = o.store
  if (rotation === undefined) {
    const works = o.login[active].current ? 'logs in' : 'does NOT log in'
    const initial = o.configs.some(({ holds }) => holds === 'initial')
    const first = initial ? ' Consumers run as the initial user.' : ''
    return `Slot ${active} is active and ${works}.${first} No rotation is open.`
  }
  const direction = `${rotation.from}→${rotation.to}`
  const turned = rotation.backOut === undefined ? '' : ' and is being turned back'
  const slots = [rotation.from, rotation.to].filter(
    (slot) => o.login[slot].current || o.login[slot].pending,
  )
  const open = `Rotation ${direction} is open${turned}.`
  return `Slot ${active} is active. ${open} Logging in now: ${slots.join(' and ')}.`
}
