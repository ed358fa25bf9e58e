/**
 * Why the agent does not start. The message is for a person: one line each problem, no secret.
 * - `ERR_CONFIG`: the configuration or the command line; exit code 2.
 * - `ERR_START`: what the configuration needs is not there: a token, a region, AWS credentials, a
 *   free port, a folder for the log; exit code 1.
 */
export class AgentError extends Error {
  readonly code: 'ERR_CONFIG' | 'ERR_START'

  constructor(code: AgentError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AgentError'
    this.code = code
  }
}

/** The errno of a system error, as `ENOSPC`; `unknown` where there is none. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}
