import type { SecretVersion } from '../../ports/secret-store.ts'

/** Who started this run, and why; written into the records of rotations that it opens. */
export interface RunRecord {
  /** The id that the next rotation opened by this run gets. */
  rotationId(): string
  readonly by: string
  readonly reason: string
  /** What is replaced has leaked. */
  readonly urgent: boolean
  /** ISO-8601, UTC. */
  now(): string
}

/** A version of the secret, parsed. */
export interface Parsed<D> {
  readonly version: SecretVersion
  readonly document: D
}
