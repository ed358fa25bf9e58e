import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { CredentialSource } from '../../credentials/source.ts'
import { surroundings } from '../../credentials/surroundings.ts'
import { secretsManagerAgent } from '../../sources/agent.ts'
import { awsSecretsManager } from '../../sources/aws.ts'
import { credentialsIn, failedToRetrieve } from './database-credentials.ts'
import type { DatabaseCredentials } from './database-credentials.ts'
import { StarlightError, wordsOf } from './errors.ts'

/** What of the agent's envelope is given on: all that a login needs. */
export interface AgentSecret {
  readonly VersionId: string
  /** The secret itself, in the clear. */
  readonly SecretString: string
}

/** How often the agent was asked, and how it did. */
export interface AgentMetrics {
  readonly agent_requests: number
  /** Requests that Secrets Manager has answered instead. */
  readonly api_fallbacks: number
  /** Of requests that were answered, in milliseconds; 0 before the first. */
  readonly avg_response_time: number
  /** Requests that failed, of all: 0 to 1. */
  readonly error_rate: number
}

/** What PHP takes from the process. */
export interface AgentClientOptions {
  /** As `token` of `secretsManagerAgent`. */
  readonly token?: string
  /** Takes what PHP's `error_log` does. Default: nobody. */
  readonly log?: (line: string) => void
  /** Default: the SDK. */
  readonly fallback?: (secretArn: string) => CredentialSource
}

/** How long a process on this machine may take to say that it is there, in milliseconds. */
const PING_MS = 2_000
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Starlight's `SecretsManagerAgentClient`, over `secretsManagerAgent`: three attempts, after 1 s
 * and 2 s; a request that the agent refuses is made once.
 *
 * @see AWS Secrets Manager Agent, README: `GET /ping` answers 200 while it serves
 */
export class SecretsManagerAgentClient {
  readonly #endpoint: string
  readonly #timeoutMs: number
  readonly #options: AgentClientOptions
  readonly #figures = { requests: 0, failures: 0, fallbacks: 0, answeredMs: 0 }

  /**
   * @param agentEndpoint - `http:` on this machine. Default: `http://localhost` on the port of
   *   `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`, else 2773
   * @param timeout - longest wait for one answer, in seconds. Default 2
   */
  constructor(agentEndpoint?: string, timeout = 2, options: AgentClientOptions = {}) {
    const port = surroundings.environment['PARAMETERS_SECRETS_EXTENSION_HTTP_PORT'] || '2773'
    this.#endpoint = agentEndpoint ?? `http://localhost:${port}`
    this.#timeoutMs = timeout * 1_000
    this.#options = options
  }

  /** @throws StarlightError `ERR_AGENT` */
  async getSecret(secretId: string, refreshNow = false): Promise<AgentSecret> {
    const begun = surroundings.now()
    const figures = this.#figures
    figures.requests += 1
    try {
      const { versionId, value } = await this.#agent(secretId)({
        ...{ stage: 'AWSCURRENT', fresh: refreshNow, signal: new AbortController().signal },
      })
      figures.answeredMs += surroundings.now() - begun
      return { VersionId: versionId, SecretString: value }
    } catch (error) {
      figures.failures += 1
      const message = `Failed to retrieve secret after 3 attempts: ${wordsOf(error)}`
      throw new StarlightError('ERR_AGENT', message, { cause: error })
    }
  }

  /** Past the cache of the agent. @throws StarlightError `ERR_AGENT` */
  async refreshSecret(secretId: string): Promise<AgentSecret> {
    return await this.getSecret(secretId, true)
  }

  /** As {@link refreshSecret}. */
  async refreshSecretForRotation(secretArn: string): Promise<AgentSecret> {
    return await this.getSecret(secretArn, true)
  }

  /** Of the agent, or of Secrets Manager where the agent fails. @throws StarlightError */
  async getDatabaseCredentials(secretArn: string): Promise<DatabaseCredentials> {
    try {
      const { VersionId: versionId, SecretString: value } = await this.getSecret(secretArn)
      return credentialsIn({ versionId, value })
    } catch (error) {
      if (!(error instanceof StarlightError && error.code === 'ERR_AGENT')) throw error
      this.#options.log?.(`Agent failed, falling back to direct API: ${error.message}`)
      return await this.#direct(secretArn)
    }
  }

  /** Whether it answers `GET /ping` with 200 within 2 s. Never rejects. */
  async isAgentAvailable(): Promise<boolean> {
    try {
      const url = new URL('/ping', this.#endpoint)
      if (!LOOPBACK.has(url.hostname)) return false
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
      const signal = AbortSignal.timeout(PING_MS)
      get(url, { signal, agent: false }, resolve).once('error', reject)
      const response = await promise
      response.resume()
      return response.statusCode === 200
    } catch {
      // Nobody is there.
      return false
    }
  }

  /** Since this client was made. */
  getMetrics(): AgentMetrics {
    const { requests, failures, fallbacks, answeredMs } = this.#figures
    const answered = requests - failures
    return {
      agent_requests: requests,
      api_fallbacks: fallbacks,
      avg_response_time: answered === 0 ? 0 : answeredMs / answered,
      error_rate: requests === 0 ? 0 : failures / requests,
    }
  }

  #agent(secretId: string): CredentialSource {
    const { token } = this.#options
    const place = { endpoint: this.#endpoint, timeoutMs: this.#timeoutMs }
    return secretsManagerAgent({ secretId, ...place, ...(token !== undefined && { token }) })
  }

  async #direct(secretId: string): Promise<DatabaseCredentials> {
    this.#figures.fallbacks += 1
    const source = this.#options.fallback?.(secretId) ?? awsSecretsManager({ secretId })
    const { signal } = new AbortController()
    const request = { stage: 'AWSCURRENT', fresh: true, signal } as const
    const answer = await source(request).catch((error: unknown) => {
      const message = failedToRetrieve(wordsOf(error))
      throw new StarlightError('ERR_SECRET_READ', message, { cause: error })
    })
    return credentialsIn(answer)
  }
}
