import type * as Sdk from '@aws-sdk/client-secrets-manager'
import {
  AROUND_ATTEMPT,
  AROUND_CALL,
  awsConfig,
  demandRegion,
  once,
  watchWrites,
} from '../common/aws-client.ts'
import type { AwsOptions } from '../common/aws-client.ts'

/** The SDK, loaded, with a client. */
export interface Connection {
  readonly sdk: typeof Sdk
  readonly client: Sdk.SecretsManagerClient
}

/**
 * Loads the SDK and makes the client when it is first needed; a failure is tried again.
 *
 * The SDK repeats throttled calls (three attempts), and reads and `PutSecretValue` after a lost
 * connection too: token and value are the same, so a repetition gives the same version. Moving a
 * label is never repeated after a lost answer.
 * @throws ERR_CONFIG when no region is set anywhere
 */
export function connector(options: AwsOptions): () => Promise<Connection> {
  return once(() => connect(options))
}

const MOVE = 'UpdateSecretVersionStageCommand'
const WRITES = { all: new Set([MOVE, 'PutSecretValueCommand']), once: new Set([MOVE]) }

async function connect(options: AwsOptions): Promise<Connection> {
  const sdk = await import('@aws-sdk/client-secrets-manager')
  const client = new sdk.SecretsManagerClient(awsConfig(options))
  await demandRegion(client.config.region)
  const { attempt, call } = watchWrites(WRITES)
  client.middlewareStack.add(attempt, AROUND_ATTEMPT)
  client.middlewareStack.add(call, AROUND_CALL)
  return { sdk, client }
}
