import type * as Sdk from '@aws-sdk/client-ecs'
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
export interface EcsConnection {
  readonly sdk: typeof Sdk
  readonly client: Sdk.ECSClient
}

const UPDATES = new Set(['UpdateServiceCommand'])
const WRITES = new Set([...UPDATES, 'RunTaskCommand'])

/**
 * Loads the SDK and makes the client when it is first needed; a failure is tried again.
 *
 * The SDK repeats what was throttled and reads whose answer was lost. `UpdateService` is never
 * repeated after a lost answer: it has no token, so the second would be another deployment.
 * `RunTask` has one, so it is.
 * @throws ERR_CONFIG when no region is set anywhere
 */
export function ecsConnector(options: AwsOptions): () => Promise<EcsConnection> {
  return once(async () => {
    const sdk = await import('@aws-sdk/client-ecs')
    const client = new sdk.ECSClient(awsConfig(options))
    await demandRegion(client.config.region)
    const { attempt, call } = watchWrites({ all: WRITES, once: UPDATES })
    client.middlewareStack.add(attempt, AROUND_ATTEMPT)
    client.middlewareStack.add(call, AROUND_CALL)
    return { sdk, client }
  })
}
