import type { ConsumerServer, Failure } from '../../../packages/testkit/src/rig/consumer-session.ts'
import type { LoadKind } from './shape.ts'

/** One request as its client saw it. */
export interface Sample {
  readonly kind: LoadKind
  /** When it was due: milliseconds since 1970. */
  readonly at: number
  /** From then to its end, in milliseconds. */
  readonly ms: number
  /** Absent when it was served. */
  readonly failure?: Failure
}

/** By how much the generator's event loop was late, in milliseconds. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What the generator says of itself at the end. */
export interface LoadEnd {
  readonly loopDelay: LoopDelay
  /** Requests that were not sent, because too many were under way. */
  readonly heldBack: number
}

/** What the generator needs to know; nothing secret, it is passed as an argument. */
export interface LoadSetup extends ConsumerServer {
  /** What workers read when they start. */
  readonly envFile: string
}

/** To the generator. */
export type Order = 'roll' | 'stop'

/** From the generator. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'samples'; readonly samples: readonly Sample[] }
  | { readonly kind: 'rolled'; readonly problem?: string }
  | ({ readonly kind: 'ended' } & LoadEnd)
