import type { RigEngine } from '../../../packages/testkit/src/rig/engine.ts'
import type { LoadKind } from './shape.ts'

/**
 * Why a request failed.
 * - `login`: the server refused the login.
 * - `connection`: it could not be opened, broke, or was not answered.
 * - `statement`: the server refused a statement.
 * - `transaction`: a transaction that had begun was not committed, for whatever reason.
 */
export type FailureKind = 'login' | 'connection' | 'statement' | 'transaction'

/** Every kind of failure, in the order in which results show them. */
export const FAILURE_KINDS: readonly FailureKind[] = [
  'login',
  'connection',
  'statement',
  'transaction',
]

/** One request as its client saw it. */
export interface Sample {
  readonly kind: LoadKind
  /** When it was due: milliseconds since 1970. */
  readonly at: number
  /** From then to its end, in milliseconds. */
  readonly ms: number
  /** Absent when it was served. */
  readonly failure?: FailureKind
}

/** By how much the generator's event loop was late, in milliseconds. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What the generator needs to know; nothing secret, it is passed as an argument. */
export interface LoadSetup extends Pick<RigEngine, 'engine' | 'host' | 'port' | 'dbname'> {
  readonly caFile: string
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
  | { readonly kind: 'ended'; readonly loopDelay: LoopDelay }
