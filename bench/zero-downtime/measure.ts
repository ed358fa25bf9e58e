import { FAILURE_KINDS } from '../../packages/testkit/src/rig/consumer-session.ts'
import type { FailureKind } from '../../packages/testkit/src/rig/consumer-session.ts'
import type { Sample } from './load/messages.ts'
import { LOAD_KINDS } from './load/shape.ts'
import type { LoadKind } from './load/shape.ts'

/** When a rotation was under way: milliseconds since 1970. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Latencies of served requests, in milliseconds. */
export interface Latency {
  readonly requests: number
  readonly p50: number
  readonly p99: number
}

/** What one kind of load met. */
export interface LoadFigures {
  readonly load: LoadKind
  readonly attempts: number
  readonly failed: number
  readonly failures: Readonly<Record<FailureKind, number>>
  /** Requests that did not overlap a rotation, and those that did. */
  readonly outside: Latency
  readonly during: Latency
  /** `during` divided by `outside`. */
  readonly ratio: { readonly p50: number; readonly p99: number }
}

/** The figures of each kind of load. Every sample counts, whenever it was. */
export function figuresOf(
  samples: readonly Sample[],
  rotations: readonly Span[],
): readonly LoadFigures[] {
  return LOAD_KINDS.map((load) => {
    const own = samples.filter(({ kind }) => kind === load)
    const served = Map.groupBy(
      own.filter(({ failure }) => failure === undefined),
      (sample) => rotations.some((span) => overlaps(sample, span)),
    )
    const outside = latencyOf(served.get(false) ?? [])
    const during = latencyOf(served.get(true) ?? [])
    return {
      load,
      attempts: own.length,
      failed: own.filter(({ failure }) => failure !== undefined).length,
      failures: countFailures(own),
      outside,
      during,
      ratio: { p50: ratio(during.p50, outside.p50), p99: ratio(during.p99, outside.p99) },
    }
  })
}

function overlaps({ at, ms }: Sample, { from, to }: Span): boolean {
  return at <= to && at + ms >= from
}

function countFailures(samples: readonly Sample[]): LoadFigures['failures'] {
  const count = (kind: FailureKind): number =>
    samples.filter(({ failure }) => failure?.kind === kind).length
  const [login, connection, statement, transaction] = FAILURE_KINDS.map(count)
  return {
    login: login ?? 0,
    connection: connection ?? 0,
    statement: statement ?? 0,
    transaction: transaction ?? 0,
  }
}

function latencyOf(samples: readonly Sample[]): Latency {
  const sorted = samples.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return { requests: sorted.length, p50: rank(sorted, 0.5), p99: rank(sorted, 0.99) }
}

/** The value of nearest rank; 0 of nothing. */
function rank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

function ratio(during: number, outside: number): number {
  return outside === 0 ? 0 : Math.round((during / outside) * 100) / 100
}
