import { DocumentError } from '../protocol/json-document.ts'
import type { DocumentErrorCode } from '../protocol/json-document.ts'

/**
 * - `ERR_SOURCE`: the source could not be read; `cause` is what it rejected with.
 * - `ERR_SOURCE_SLOW`: the source had not answered in time.
 * - `ERR_SOURCE_ANSWER`: the source answered with something that is no version of a secret.
 * - `ERR_PLACEHOLDER`: the secret holds a stand-in that no database user has as its password.
 * - `ERR_DOCUMENT_*`: the secret is no document that can be used; the message names the place.
 * - `ERR_CLOSED`: these credentials were closed, or the pool was ended.
 * - `ERR_LOGIN_REFUSED`: the server refuses the new credential, or a pooler before it does, for
 *   whatever reason; what served before still does.
 * - `ERR_LOGIN_SLOW`: the server had not answered a new connection in time.
 * - `ERR_OPTIONS`: an option is out of its bounds, or turns off the TLS that the secret demands.
 */
export type CredentialsErrorCode =
  | 'ERR_SOURCE'
  | 'ERR_SOURCE_SLOW'
  | 'ERR_SOURCE_ANSWER'
  | 'ERR_PLACEHOLDER'
  | 'ERR_CLOSED'
  | 'ERR_LOGIN_REFUSED'
  | 'ERR_LOGIN_SLOW'
  | 'ERR_OPTIONS'
  | DocumentErrorCode

/** Why there is no newer credential. The message never shows a value of the secret. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
  readonly code: CredentialsErrorCode

  constructor(code: CredentialsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whatever went wrong while the source was read or its answer understood. */
export function toCredentialsError(error: unknown): CredentialsError {
  if (error instanceof CredentialsError) return error
  if (error instanceof DocumentError) return new CredentialsError(error.code, error.message)
  return new CredentialsError('ERR_SOURCE', 'the source of the credential could not be read', {
    cause: error,
  })
}
