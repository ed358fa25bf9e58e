import type * as Sdk from '@aws-sdk/client-secrets-manager'
import type { CredentialSource } from '../credentials/source.ts'

/** A secret in AWS Secrets Manager, and where that is. */
export interface AwsSecretsManagerOptions {
  /** Name or ARN; an ARN for a secret of another account. */
  readonly secretId: string
  /** Default: what the SDK finds in the environment and the shared config files. */
  readonly region?: string
  /** Default: the SDK's own rules, `AWS_ENDPOINT_URL` among them. */
  readonly endpoint?: string
  /** Longest wait for the answer to one request, in milliseconds. 1 to 300,000. Default 3,000. */
  readonly requestTimeoutMs?: number
}

interface Connection {
  readonly sdk: typeof Sdk
  readonly client: Sdk.SecretsManagerClient
}

/** Three attempts of this length fit into the ten seconds that credentials wait for an answer. */
const REQUEST_TIMEOUT_MS = 3_000

/**
 * A secret in AWS Secrets Manager, read with `GetSecretValue` and nothing else. There is no cache
 * on the way. Needs the package `@aws-sdk/client-secrets-manager`, which is loaded with the first
 * request; AWS's credentials come from its chain. The SDK asks up to three times.
 *
 * @see AWS Secrets Manager API reference, GetSecretValue: VersionStage, VersionId, SecretString
 */
export function awsSecretsManager(options: AwsSecretsManagerOptions): CredentialSource {
  const { secretId } = options
  let connecting: Promise<Connection> | undefined
  return async ({ stage, signal }) => {
    connecting ??= connect(options)
    const { sdk, client } = await connecting.catch((error: unknown) => {
      connecting = undefined
      throw error
    })
    const command = new sdk.GetSecretValueCommand({ SecretId: secretId, VersionStage: stage })
    const answer = await client.send(command, { abortSignal: signal })
    const { VersionId: versionId = '', SecretString: value, CreatedDate: createdAt } = answer
    if (value === undefined) throw new Error(`${stage} of ${secretId} is not text`)
    return { versionId, value, createdAt }
  }
}

async function connect({
  region,
  endpoint,
  requestTimeoutMs: requestTimeout = REQUEST_TIMEOUT_MS,
}: AwsSecretsManagerOptions): Promise<Connection> {
  const sdk = await load()
  const client = new sdk.SecretsManagerClient({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: 3,
    // Without throwOnRequestTimeout the handler only prints a warning and goes on waiting.
    requestHandler: { requestTimeout, throwOnRequestTimeout: true },
  })
  return { sdk, client }
}

async function load(): Promise<typeof Sdk> {
  try {
    return await import('@aws-sdk/client-secrets-manager')
  } catch (cause) {
    const name = '@aws-sdk/client-secrets-manager'
    throw new Error(`awsSecretsManager needs a package: npm install ${name}`, { cause })
  }
}
