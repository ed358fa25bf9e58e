import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { AgentError } from '../errors.ts'
import type { Clock } from '../surroundings.ts'
import { SecretVersion } from './secret-version.ts'
import { failureOf, timedOut } from './store-failure.ts'
import type { SecretStore } from './store.ts'

/** Where Secrets Manager is and how it is asked. */
export interface SecretsManagerOptions {
  /** Default: what the SDK finds in the environment and the shared config files. */
  readonly region: string | undefined
  /** Default: the SDK's own rules, `AWS_ENDPOINT_URL` among them. */
  readonly endpoint: string | undefined
  /** What calls are signed as in CloudTrail, after `cuedot-agent/`. */
  readonly version: string
  readonly clock: Clock
}

/** Secrets Manager, and whether it can be asked at all. */
export interface SecretsManager extends SecretStore {
  /** @throws AgentError ERR_START when no region is set anywhere */
  demandRegion(): Promise<void>
  /** @throws AgentError ERR_START when the SDK finds no AWS credentials */
  demandCredentials(): Promise<void>
  close(): void
}

/** Longest wait for the answer to one attempt, in milliseconds. */
const REQUEST_TIMEOUT_MS = 8000

/** Longest wait for the answer, all attempts and the search for credentials included. */
const LIMIT_MS = 30_000

/**
 * AWS Secrets Manager, asked with DescribeSecret and GetSecretValue and nothing else. The SDK tries
 * each call up to three times; both are reads and may be repeated.
 */
export function secretsManager(options: SecretsManagerOptions): SecretsManager {
  const client = clientOf(options)
  const limited = async <T>(asked: Promise<T>): Promise<T> => {
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = options.clock.startTimer(LIMIT_MS, () => reject(timedOut()))
    try {
      return await Promise.race([asked, promise])
    } catch (error) {
      throw failureOf(error)
    } finally {
      timer.cancel()
    }
  }
  return {
    read: async ({ secretId: SecretId, versionId: VersionId, versionStage: VersionStage }) => {
      const command = new GetSecretValueCommand({ SecretId, VersionId, VersionStage })
      const answer = await limited(client.send(command))
      return new SecretVersion({
        arn: answer.ARN,
        name: answer.Name,
        versionId: answer.VersionId ?? '',
        stages: answer.VersionStages,
        createdAt: answer.CreatedDate,
        text: answer.SecretString,
        binary: answer.SecretBinary,
      })
    },
    describe: async (SecretId) => {
      const answer = await limited(client.send(new DescribeSecretCommand({ SecretId })))
      const stagesOf = new Map(Object.entries(answer.VersionIdsToStages ?? {}))
      return { stagesOf, isDeleted: answer.DeletedDate !== undefined }
    },
    demandRegion: () => demand(client.config.region(), NO_REGION),
    demandCredentials: () => demand(client.config.credentials(), NO_CREDENTIALS),
    close: () => client.destroy(),
  }
}

const NO_REGION = 'no region: set region in the configuration, AWS_REGION, or the AWS config file'
const NO_CREDENTIALS =
  'no AWS credentials were found; to start without them, set validate_credentials = false'

async function demand(found: Promise<unknown>, problem: string): Promise<void> {
  try {
    await found
  } catch {
    throw new AgentError('ERR_START', problem)
  }
}

function clientOf({ region, endpoint, version }: SecretsManagerOptions): SecretsManagerClient {
  return new SecretsManagerClient({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    customUserAgent: [['cuedot-agent', version]],
    maxAttempts: 3,
    retryMode: 'standard',
    // Without throwOnRequestTimeout the handler only prints a warning and goes on waiting.
    requestHandler: { requestTimeout: REQUEST_TIMEOUT_MS, throwOnRequestTimeout: true },
  })
}
