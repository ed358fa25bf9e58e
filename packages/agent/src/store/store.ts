import type { SecretVersion } from './secret-version.ts'

/** Which version of which secret is meant. Without version and stage: AWSCURRENT. */
export interface Question {
  /** Name or ARN. */
  readonly secretId: string
  readonly versionId?: string
  readonly versionStage?: string
}

/** Which labels each version of a secret has. */
export interface Description {
  readonly stagesOf: ReadonlyMap<string, readonly string[]>
  /** Marked for deletion: its values cannot be read any more. */
  readonly isDeleted: boolean
}

/** Where secrets are read. Both reject with a `StoreFailure`. */
export interface SecretStore {
  /** GetSecretValue. */
  read(question: Question): Promise<SecretVersion>
  /** DescribeSecret. */
  describe(secretId: string): Promise<Description>
}
