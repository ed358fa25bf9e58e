import type * as Sdk from '@aws-sdk/client-rds'
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
export interface RdsConnection {
  readonly sdk: typeof Sdk
  readonly client: Sdk.RDSClient
}

const ASKING = new Set(['ModifyDBInstanceCommand', 'ModifyDBClusterCommand'])

/**
 * Loads the SDK and makes the client when it is first needed; a failure is tried again.
 *
 * The SDK repeats what was throttled and reads whose answer was lost. A request for a rotation is
 * never repeated after a lost answer: it has no token, so the second would be another rotation.
 * @throws ERR_CONFIG when no region is set anywhere
 */
export function rdsConnector(options: AwsOptions): () => Promise<RdsConnection> {
  return once(async () => {
    const sdk = await import('@aws-sdk/client-rds')
    const client = new sdk.RDSClient(awsConfig(options))
    await demandRegion(client.config.region)
    const { attempt, call } = watchWrites({ all: ASKING, once: ASKING })
    client.middlewareStack.add(attempt, AROUND_ATTEMPT)
    client.middlewareStack.add(call, AROUND_CALL)
    return { sdk, client }
  })
}
