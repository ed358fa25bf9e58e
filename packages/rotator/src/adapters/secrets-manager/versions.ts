import type {
  DescribeSecretCommandOutput,
  SecretVersionsListEntry,
} from '@aws-sdk/client-secrets-manager'
import { RotatorError, isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { ListedVersion, VersionList } from '../../ports/version-list.ts'
import { failureOf, isThrottled, summaryOf } from '../common/aws-failures.ts'
import { ask } from './asking.ts'
import { connector } from './connect.ts'
import type { Connection } from './connect.ts'
import type { SecretsManagerOptions } from './store.ts'

/** The most that AWS gives in one answer. */
const PAGE = 100

/**
 * The versions of a secret in AWS Secrets Manager, those without a label among them. Needs
 * `secretsmanager:ListSecretVersionIds`; no value is read.
 *
 * @throws as {@link VersionList}, and ERR_CONFIG when there is no region
 * @see AWS Secrets Manager API reference, ListSecretVersionIds: IncludeDeprecated, MaxResults
 */
export function secretVersions(options: SecretsManagerOptions): VersionList {
  const { secret } = options
  const connection = connector(options)
  return { secret, list: async (call) => await list(secret, connection, call) }
}

async function list(
  secret: string,
  connection: () => Promise<Connection>,
  { signal }: Call,
): Promise<readonly ListedVersion[]> {
  const { sdk, client } = await connection()
  const listed: ListedVersion[] = []
  try {
    const input = { SecretId: secret, IncludeDeprecated: true }
    const paging = { client, pageSize: PAGE, stopOnSameToken: true }
    const pages = sdk.paginateListSecretVersionIds(paging, input, { abortSignal: signal })
    for await (const { Versions = [] } of pages) listed.push(...Versions.map(toListed))
    return listed
  } catch (error) {
    throw classified(error, secret, signal)
  }
}

function toListed(entry: SecretVersionsListEntry): ListedVersion {
  const { VersionId: id = '', VersionStages: labels = [], CreatedDate: createdAt } = entry
  return { id, labels, ...(createdAt && { createdAt }) }
}

const NOT_FOUND: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'InvalidParameterException',
  'ValidationException',
])

/** @see AWS Secrets Manager API reference, ListSecretVersionIds, "Errors"; "Common Errors" */
function classified(error: unknown, secret: string, signal: AbortSignal): RotatorError {
  if (isRotatorError(error)) return error
  if (signal.aborted && isRotatorError(signal.reason)) return signal.reason
  const failure = failureOf(error)
  const { name, status } = failure
  const options = { cause: new Error(summaryOf(failure)) }
  const details = { secret, operation: 'secretsmanager:ListSecretVersionIds' }
  if (isThrottled(failure)) return new RotatorError('ERR_STORE_THROTTLED', details, options)
  if (NOT_FOUND.has(name)) return new RotatorError('ERR_STORE_NOT_FOUND', { secret }, options)
  const isRefused = status >= 400 && status < 500
  if (isRefused || name === 'CredentialsProviderError')
    return new RotatorError('ERR_STORE_DENIED', { ...details, problem: name }, options)
  return new RotatorError('ERR_STORE_UNREACHABLE', details, options)
}

/**
 * What Secrets Manager tells of a secret and its rotation. No value is read.
 *
 * @throws as {@link secretVersions}
 * @see AWS Secrets Manager API reference, DescribeSecret
 */
export function secretDescription(
  options: SecretsManagerOptions,
): (call: Call) => Promise<DescribeSecretCommandOutput> {
  const { secret } = options
  const connection = connector(options)
  return async ({ signal }) =>
    await ask({ secret, connection, signal, seen: {} }, 'DescribeSecret', ({ sdk, client }, sent) =>
      client.send(new sdk.DescribeSecretCommand({ SecretId: secret }), sent),
    )
}
