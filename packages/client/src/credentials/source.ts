/** The labels of a secret: what is in force, what is being made, what was in force before. */
export type Stage = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'

/** What a source is asked for. */
export interface SourceRequest {
  readonly stage: Stage
  /** A cache on the way must not answer: the caller has reason to believe that it is outdated. */
  readonly fresh: boolean
  /** Aborted when the credentials are closed. */
  readonly signal: AbortSignal
}

/** What a source answers. */
export interface SourceAnswer {
  /** Names this version of the secret among all that it ever had; no secret. Not empty. */
  readonly versionId: string
  /** The text of the secret: a slot document, or a flat one as RDS and AWS's templates write. */
  readonly value: string
  /** When this version was made; for figures alone. */
  readonly createdAt?: Date | undefined
}

/**
 * Where a credential comes from. Rejects when the stage has no version or nobody can be asked; what
 * it rejects with must hold no part of the secret.
 */
export type CredentialSource = (request: SourceRequest) => Promise<SourceAnswer>
