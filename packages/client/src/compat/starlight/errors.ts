/**
 * - `ERR_SECRET_FIELDS`: the secret has no user or no password.
 * - `ERR_SECRET_JSON`: the secret is no JSON object.
 * - `ERR_SECRET_READ`: the secret could not be read, or is of no use; `cause` says why.
 * - `ERR_SECRET_LOGIN`: the server refuses what stands at every label; `cause` is its last refusal.
 * - `ERR_SECRET_ARN`: nobody has said which secret.
 * - `ERR_SECRET_KEY`: the secret has no such field.
 * - `ERR_AGENT`: the agent has not answered with the secret; `cause` says why.
 */
export type StarlightErrorCode =
  | 'ERR_SECRET_FIELDS'
  | 'ERR_SECRET_JSON'
  | 'ERR_SECRET_READ'
  | 'ERR_SECRET_LOGIN'
  | 'ERR_SECRET_ARN'
  | 'ERR_SECRET_KEY'
  | 'ERR_AGENT'

/** What Starlight throws as `\Exception`, in its words. No message shows a value of a secret. */
export class StarlightError extends Error {
  override readonly name = 'StarlightError'
  readonly code: StarlightErrorCode

  constructor(code: StarlightErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What was thrown, in words. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
