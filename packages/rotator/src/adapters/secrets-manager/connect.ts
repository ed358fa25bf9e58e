import type * as Sdk from '@aws-sdk/client-secrets-manager'
import { RotatorError } from '../../errors.ts'
import { AnswerLost, mayHaveArrived } from './failures.ts'

/** Where Secrets Manager is and how long to wait for it. */
export interface ConnectOptions {
  /** Default: what the SDK finds in the environment and the shared config files. */
  readonly region?: string
  /** Default: the SDK's own rules, `AWS_ENDPOINT_URL` among them. */
  readonly endpoint?: string
  /** Longest wait for the answer to one request, in milliseconds. 1 to 300,000. Default 8,000. */
  readonly requestTimeoutMs?: number
}

/** The SDK, loaded, with a client. */
export interface Connection {
  readonly sdk: typeof Sdk
  readonly client: Sdk.SecretsManagerClient
}

/** Three attempts of this length fit into one call of a port, 30,000 by default. */
const REQUEST_TIMEOUT_MS = 8000

/**
 * Loads the SDK and makes the client when it is first needed; a failure is tried again.
 *
 * The SDK repeats throttled calls (three attempts), and reads and `PutSecretValue` after a lost
 * connection too: token and value are the same, so a repetition gives the same version. Moving a
 * label is never repeated after a lost answer.
 * @throws ERR_CONFIG when no region is set anywhere
 */
export function connector(options: ConnectOptions): () => Promise<Connection> {
  let connection: Promise<Connection> | undefined
  return async () => {
    connection ??= connect(options)
    try {
      return await connection
    } catch (error) {
      connection = undefined
      throw error
    }
  }
}

async function connect(options: ConnectOptions): Promise<Connection> {
  const sdk = await import('@aws-sdk/client-secrets-manager')
  const client = new sdk.SecretsManagerClient({
    ...(options.region !== undefined && { region: options.region }),
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    maxAttempts: 3,
    retryMode: 'standard',
    requestHandler: {
      requestTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      // Without it the handler only prints a warning and goes on waiting.
      throwOnRequestTimeout: true,
    },
  })
  try {
    await client.config.region()
  } catch {
    const problem = 'no region is set, neither here nor in the AWS configuration'
    throw new RotatorError('ERR_CONFIG', { file: 'environment', path: 'AWS_REGION', problem })
  }
  watchWrites(client)
  return { sdk, client }
}

/**
 * Makes a write whose answer was lost in any attempt fail as {@link AnswerLost}, whatever the later
 * attempts say: the first may have had its effect.
 */
function watchWrites(client: Sdk.SecretsManagerClient): void {
  const lost = new WeakSet<object>()
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        if (!isWrite(context.commandName) || !mayHaveArrived(error)) throw error
        lost.add(context)
        throw context.commandName === MOVE ? new AnswerLost() : error
      }
    },
    // Inside the retries and outside of what turns an answer into an error.
    { step: 'deserialize', priority: 'high', name: 'cuedotWatchAttempt' },
  )
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        throw lost.has(context) ? new AnswerLost() : error
      }
    },
    { step: 'initialize', priority: 'high', name: 'cuedotWatchCall' },
  )
}

const MOVE = 'UpdateSecretVersionStageCommand'

function isWrite(commandName: string | undefined): boolean {
  return commandName === MOVE || commandName === 'PutSecretValueCommand'
}
