import type { Call } from './call.ts'

/**
 * What an owner says about the rotation of its credential.
 * - `ready`: none is under way, and one can be asked for.
 * - `busy`: one is under way.
 * - `impaired`: the credential works and the last rotation failed; the owner says why, not we.
 * - `stranger`: it does not own this secret.
 */
export interface OwnerState {
  readonly state: 'ready' | 'busy' | 'impaired' | 'stranger'
  /** What the owner itself calls it, for messages: `rotating`. Empty where it says nothing. */
  readonly says: string
}

/**
 * The service that made a credential and alone may change it, such as RDS: it is asked, and its
 * secret and its database user are never touched.
 *
 * Contract (checked by `conformance/credential-owner.ts`): `rotate` returns when the owner has
 * taken the request, long before the rotation is done; `state` then says `busy` until it is. Two
 * requests make two rotations, so one that may have arrived (ERR_OUTCOME_UNKNOWN) is never sent
 * again by the adapter.
 */
export interface CredentialOwner {
  /** How long a rotation may take before a run stops waiting for it, in milliseconds. */
  readonly limitMs: number
  /** Time between two looks, in milliseconds. */
  readonly pollMs: number
  /**
   * For how long after a request that may not have arrived its effect may still not show, in
   * milliseconds.
   */
  readonly doubtMs: number
  /**
   * @throws ERR_OWNER_UNKNOWN, ERR_OWNER_DENIED, ERR_OWNER_UNREACHABLE, ERR_OWNER_THROTTLED, and
   *   what reading the secret throws
   */
  state(call: Call): Promise<OwnerState>
  /**
   * Asks for a rotation, once.
   * @throws as `state`; ERR_OWNER_STATE and ERR_OWNER_REFUSED (nothing happens);
   *   ERR_OUTCOME_UNKNOWN
   */
  rotate(call: Call): Promise<void>
}
