import type { Sensitive } from '@cuedot/client/protocol'
import type { Call } from './call.ts'

/** The staging labels of AWS Secrets Manager; every store has them. */
export type VersionLabel = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'

/** One version of a secret. */
export interface SecretVersion {
  readonly id: string
  readonly value: Sensitive
  /** When the version was written. */
  readonly createdAt: Date
}

/**
 * The labelled versions of a secret that matter to a rotation.
 * `pending` is absent when no version has AWSPENDING, when it sits on the current version, and when
 * it sits on the previous one: that was promoted, and then somebody else wrote the secret.
 */
export interface StoreReading {
  readonly current: SecretVersion
  readonly pending?: SecretVersion
}

/** The service that owns a managed secret. It alone may change the secret and its credential. */
export interface SecretOwner {
  /** As AWS calls it: `rds`. */
  readonly service: string
  /** The full identifier of the secret itself, as its owner names it. */
  readonly arn: string
  /** The ARN of what the credential belongs to: an instance, a cluster. */
  readonly resource?: string
}

/**
 * One secret in a versioned store with AWS's staging labels.
 *
 * Contract (checked by `conformance/secret-store.ts`):
 * - `stage` with the same token and value twice gives one version; the same token with another
 *   value is `ERR_STORE_CONFLICT`. AWSPENDING moves to the new version; AWSCURRENT stays.
 * - `promote` moves AWSCURRENT only if it sits on `expectedCurrentId`, else `ERR_STORE_CONFLICT`
 *   and nothing has changed. AWSPREVIOUS moves to the version that AWSCURRENT left.
 *   Promoting the version that is already current succeeds.
 * - Staging with the token of a version that has lost its label changes nothing.
 * - No answer after the request was sent is `ERR_OUTCOME_UNKNOWN`. `stage` may be sent again by the
 *   adapter, since token and value are the same; `promote` may not.
 */
export interface SecretStore {
  /** The secret's name or ARN, for messages. */
  readonly secret: string
  readonly supports: {
    /** For how long after a write a read may still show the state before it. 0: never. */
    readonly staleReadMs: number
  }
  /**
   * @throws ERR_STORE_NOT_FOUND, ERR_STORE_DENIED, ERR_STORE_UNREACHABLE, ERR_STORE_THROTTLED,
   *   ERR_STORE_UNREADABLE (no value), ERR_STORE_KEY
   */
  read(call: Call): Promise<StoreReading>
  /** The version with this label, if there is one. Throws like `read`. */
  version(label: VersionLabel, call: Call): Promise<SecretVersion | undefined>
  /**
   * Writes a version with the label AWSPENDING.
   * @param token - 32 to 64 characters of `[A-Za-z0-9-]`; becomes the version's id.
   */
  stage(value: Sensitive, token: string, call: Call): Promise<SecretVersion>
  /** Undefined for a secret that is nobody's but ours. Throws like `read`. */
  owner(call: Call): Promise<SecretOwner | undefined>
  /** Compare-and-set: AWSCURRENT from `expectedCurrentId` to `versionId`. */
  promote(versionId: string, expectedCurrentId: string, call: Call): Promise<void>
}
