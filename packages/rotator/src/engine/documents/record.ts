import type { InitialPlaces, LastRecord, RotationRecord } from '@cuedot/client/protocol'
import type { RotationFacts } from '../../domain/observed.ts'
import { other } from '../../domain/slot.ts'
import type { Slot } from '../../domain/slot.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'

/** Who started this run, and why; written into the records of rotations that it opens. */
export interface RunRecord {
  /** The id that the next rotation opened by this run gets. */
  rotationId(): string
  readonly by: string
  readonly reason: string
  /** What is replaced has leaked. */
  readonly urgent: boolean
  /** Hash of the approved plan that this run carries out. */
  readonly plan?: string
  /** ISO-8601, UTC. */
  now(): string
  /** Where config targets hold the initial user now; empty where none does. */
  initial?(): InitialPlaces
}

/** A version of the secret, parsed. */
export interface Parsed<D> {
  readonly version: SecretVersion
  readonly document: D
}

/** The record of a rotation that this run opens. */
export function openingRecord(run: RunRecord, to: Slot): RotationRecord {
  const { reason, by, urgent, plan } = run
  const initial = run.initial?.() ?? {}
  return {
    id: run.rotationId(),
    from: other(to),
    to,
    reason,
    by,
    opened_at: run.now(),
    ...(urgent && { urgent }),
    ...(plan !== undefined && { plan }),
    ...(Object.keys(initial).length > 0 && { initial }),
  }
}

/** The record of an open rotation that turns back; a run with a plan turns it back under that. */
export function turningRecord(
  { plan }: RunRecord,
  rotation: RotationRecord,
  why: string,
): RotationRecord {
  return { ...rotation, back_out: why, ...(plan !== undefined && { plan }) }
}

/** The record of how the open rotation ends, or of a change that needed none. */
export function closingRecord(
  run: RunRecord,
  rotation: RotationRecord | undefined,
  ending: { readonly outcome: LastRecord['outcome']; readonly why: string | undefined },
): LastRecord {
  const why = rotation?.back_out ?? ending.why
  const plan = run.plan ?? rotation?.plan
  return {
    id: rotation?.id ?? run.rotationId(),
    outcome: ending.outcome,
    closed_at: run.now(),
    ...(why !== undefined && { why }),
    ...(plan !== undefined && { plan }),
  }
}

/** What `decide` needs to know of a record. */
export function rotationFacts(record: RotationRecord): RotationFacts {
  const { id, from, to, heals = false, rehearses = false, urgent = false } = record
  const { back_out: backOut, initial } = record
  return {
    ...{ id, from, to, heals, rehearses, urgent },
    ...(backOut !== undefined && { backOut }),
    ...(initial && { initial: Object.keys(initial) }),
  }
}
