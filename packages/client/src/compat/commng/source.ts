import type { CredentialSource, SourceAnswer, SourceRequest } from '../../credentials/source.ts'
import type { Log } from './log.ts'

/** The version that the login of the environment counts as. */
export const ENVIRONMENT = 'environment'

/** Tells of what is read as CommNG does. */
export function loggedSource(secret: CredentialSource, log: Log): CredentialSource {
  return async (request) => {
    try {
      const answer = await secret(request)
      log.info('Successfully fetched database credentials from Secrets Manager')
      return answer
    } catch (error) {
      // That there is no other version is how it is between two rotations.
      if (request.stage === 'AWSCURRENT')
        log.error(error, 'Failed to fetch secret from Secrets Manager')
      throw error
    }
  }
}

/**
 * The secret, and the login of the environment for whoever asks before the secret could be read
 * once. That happens only at the start: later what was read is held while the secret cannot be.
 */
export function orEnvironment(
  secret: CredentialSource,
  environment: CredentialSource,
  log: Log,
): CredentialSource {
  let isFirst = true
  const instead = async (request: SourceRequest, error: unknown): Promise<SourceAnswer> => {
    if (!isFirst || request.stage !== 'AWSCURRENT' || request.signal.aborted) throw error
    isFirst = false
    const problem = 'Failed to initialize Secrets Manager, falling back to environment variables'
    log.warn(factsOf(error), problem)
    return await environment(request)
  }
  return async (request) => {
    try {
      const answer = await secret(request)
      isFirst &&= request.stage !== 'AWSCURRENT'
      return answer
    } catch (error) {
      return await instead(request, error)
    }
  }
}

function factsOf(error: unknown): object {
  return error instanceof Error
    ? { errorMessage: error.message, errorName: error.name }
    : { errorMessage: String(error), errorName: 'Unknown' }
}
