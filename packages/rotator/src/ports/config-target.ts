import type { Credential } from '@cuedot/client/protocol'
import type { Call } from './call.ts'

/** What consumers find at a config target. A file need not name everything that a slot has. */
export type PublishedCredential = Pick<Credential, 'username' | 'password'> &
  Partial<Pick<Credential, 'host' | 'port' | 'dbname' | 'version'>>

/**
 * A place where a credential is written for consumers: a file, a Kubernetes Secret.
 *
 * Contract (checked by `conformance/config-target.ts`): `write` is atomic (a reader sees the old or
 * the new credential, never a mixture), changes nothing but the credential, keeps mode and owner,
 * leaves nothing behind when it fails, and `write(a); write(b); write(a)` restores the first bytes.
 */
export interface ConfigTarget {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  /** The credential consumers find there now. @throws ERR_TARGET_* */
  read(call: Call): Promise<PublishedCredential>
  /**
   * Makes consumers find this credential. Writing what is already there changes nothing. @throws
   * ERR_TARGET_*
   */
  write(credential: Credential, call: Call): Promise<void>
  /**
   * Looks whether a credential could be written, without writing one; rejects where it could not
   * be. Absent where nothing can be asked.
   */
  inspect?(call: Call): Promise<void>
}
