import type { DocumentEndpoint, RotationEngine, Sensitive } from '@cuedot/client/protocol'
import type { Call } from './call.ts'
import type { SecretOwner, SecretStore, SecretVersion } from './secret-store.ts'

/** A secret that Secrets Manager rotates by calling a function, as the function sees it. */
export interface RotationSecret extends SecretStore {
  /** Throws like `read`. */
  describe(call: Call): Promise<RotationState>
  /**
   * The value of this version while it has the label AWSPENDING, if it has one. Throws like `read`.
   */
  staged(versionId: string, call: Call): Promise<SecretVersion | undefined>
  /** The value of this version, whatever labels it has, if it is there. Throws like `read`. */
  anyVersion(versionId: string, call: Call): Promise<SecretVersion | undefined>
  /**
   * Takes the label AWSPENDING from this version; one that does not have it any more is no error.
   * @throws ERR_STORE_DENIED, and like `promote`
   */
  release(versionId: string, call: Call): Promise<void>
  /**
   * Writes a version and gives it AWSPENDING; as in {@link SecretStore}, with the token that
   * Secrets Manager has given: the version may be there already, without a value.
   */
  stage(value: Sensitive, token: string, call: Call): Promise<SecretVersion>
}

/** What is known of a secret's rotation without reading a value. */
export interface RotationState {
  readonly arn: string
  /** Undefined where Secrets Manager does not say. */
  readonly rotationEnabled: boolean | undefined
  /** By version id. */
  readonly labels: Readonly<Record<string, readonly string[]>>
  readonly owner?: SecretOwner
}

/** What knows which servers belong together. */
export interface ServerRegistry {
  /** The host of which this one is a read replica; undefined where it is none. */
  sourceOf(host: string, call: Call): Promise<string | undefined>
  /** The hosts of the instance or cluster with this ARN. */
  hostsOf(arn: string, call: Call): Promise<readonly string[]>
  /** The writer of the instance or cluster with this ARN; undefined where there is none. */
  writerOf(arn: string, call: Call): Promise<RegisteredServer | undefined>
}

/** A server as a registry knows it. */
export interface RegisteredServer extends DocumentEndpoint {
  /** Undefined for one that no adapter speaks. */
  readonly engine: RotationEngine | undefined
}
