import type { Side } from './gate.ts'

/** The variable that carries the {@link GatePlan} to a gated process, as JSON. */
export const PLAN_VARIABLE = 'CUEDOT_CRASH_PLAN'

/**
 * One side of one external call of a run.
 *
 * A call that follows itself is the same call in another round: how often a run polls depends on
 * time, and what it does between two polls does not.
 */
export interface CallPoint {
  readonly call: string
  /** Which call of this name it is, from 1; rounds are not counted. */
  readonly nth: number
  /** From 1. */
  readonly round: number
  readonly side: Side
}

/** Where each call of a run stands, told in the order in which they are made. */
export class CallCounter {
  readonly #counts = new Map<string, number>()
  #past: readonly { readonly call: string; readonly nth: number; readonly round: number }[] = []

  /** The point before this call. */
  next(call: string): CallPoint {
    const before = this.#before(call)
    const nth = before?.nth ?? (this.#counts.get(call) ?? 0) + 1
    this.#counts.set(call, nth)
    const point = { call, nth, round: (before?.round ?? 0) + 1 }
    this.#past = [...this.#past, point].slice(-LONGEST_ROUND)
    return { ...point, side: 'before' }
  }

  /** The same call in the round before: right before this one, or before what a drain asks, too. */
  #before(call: string): { readonly nth: number; readonly round: number } | undefined {
    const drains = this.#past.every((point) => POLLED.test(point.call)) && POLLED.test(call)
    const last = this.#past.at(-1)
    return last?.call === call ? last : this.#past.find((point) => drains && point.call === call)
  }
}

/** What one look of a drain consists of. */
const POLLED = /\.(openLogins|sessions|loginCount)$/
const LONGEST_ROUND = 3

/** What a gated process is to do. */
export interface GatePlan {
  /** Where it waits for a word of its parent: there only, everywhere, or nowhere. */
  readonly hold: CallPoint | 'all' | 'none'
  /** What a fake that never shows an older state says of itself, instead of AWS's five seconds. */
  readonly staleReadMs?: number
}

/** What a gated process tells its parent at each gate. */
export interface Arrival extends CallPoint {
  /** It waits until it is told to go on, or ended. */
  readonly held: boolean
}

/** True for what a gated process has sent. */
export function isArrival(message: unknown): message is Arrival {
  return typeof message === 'object' && message !== null && 'call' in message && 'held' in message
}

/** True where a plan holds a process at a point. */
export function holdsAt({ hold }: GatePlan, point: CallPoint): boolean {
  if (typeof hold === 'string') return hold === 'all'
  return samePoint(hold, point)
}

function samePoint(a: CallPoint, b: CallPoint): boolean {
  return a.call === b.call && a.nth === b.nth && a.round === b.round && a.side === b.side
}

/** The point in words: `before store.stage 2`, and `again` for another round. */
export function pointName({ side, call, nth, round }: CallPoint): string {
  return `${side} ${call} ${nth}${round === 1 ? '' : ' again'}`
}
