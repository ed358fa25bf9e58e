import type { Stage } from '../../credentials/source.ts'
import type { Variables } from '../commng/environment.ts'
import type { Connection } from './connection.ts'
import type { DatabaseCredentials } from './database-credentials.ts'
import { StarlightError } from './errors.ts'
import type { SecretReader } from './secret-reader.ts'

/** Starlight's `SecretsManagerService`, as `create` returns it. */
export interface SecretsManagerService {
  /**
   * What stands at one label, without a login. It is given out again for `ttlMs`.
   *
   * @param options - `refreshNow`: past every cache. Default false
   * @throws StarlightError
   */
  getDatabaseCredentials(
    secretArn: string,
    versionStage?: Stage,
    options?: { readonly refreshNow?: boolean },
  ): Promise<DatabaseCredentials>
  /**
   * The login that the server accepts: that of AWSCURRENT, read anew where it is refused, then that
   * of AWSPENDING, then that of AWSPREVIOUS. A label that cannot be read is no reason to take
   * another: only a refusal is.
   *
   * @throws StarlightError `ERR_SECRET_LOGIN`; the driver's error where the server is not there
   */
  getDatabaseCredentialsWithRotationFallback(secretArn: string): Promise<DatabaseCredentials>
  /** The same: between attempts there are pauses, half of each by chance, up to `loginWaitMs`. */
  getDatabaseCredentialsWithRetry(secretArn: string): Promise<DatabaseCredentials>
  /** One field, as a text. @throws StarlightError `ERR_SECRET_KEY` */
  getCredentialValue(secretArn: string, key: string): Promise<string>
}

/** What is static of Starlight's `SecretsManagerService`. */
export interface SecretsManagerServices {
  /** @param region - default: `AWS_REGION`, then `defaultRegion`, then what the SDK finds */
  create(region?: string): SecretsManagerService
  /**
   * In Lambda the login that the server accepts, else `fallbackCredentials`, by default `{}`.
   *
   * @param secretArn - default `DB_SECRET_ARN`
   * @throws StarlightError `ERR_SECRET_ARN`, `ERR_SECRET_LOGIN`
   */
  getDatabaseCredentialsWithFallback<F extends object = object>(
    secretArn?: string,
    fallbackCredentials?: F,
  ): Promise<DatabaseCredentials | F | Readonly<Record<string, never>>>
  /** Of the default region. @param secretArn - default `DB_SECRET_ARN` */
  getDatabaseCredentialsWithRetry(secretArn?: string): Promise<DatabaseCredentials>
  /** `AWS_LAMBDA_FUNCTION_NAME` or `DB_SECRET_ARN` is set and not empty. */
  isLambdaEnvironment(): boolean
  /** The next question goes to the secret. */
  clearCache(): void
}

/** What all services of one process share. */
export interface Shared {
  readonly variables: Variables
  reader(secretArn: string, region: string | undefined): SecretReader
  connection(secretArn: string, region?: string): Connection
  clear(): void
}

/** @throws StarlightError `ERR_SECRET_ARN` */
export function arnOf(variables: Variables, given?: string): string {
  const arn = given || variables['DB_SECRET_ARN']
  if (arn) return arn
  throw new StarlightError('ERR_SECRET_ARN', 'DB_SECRET_ARN environment variable not set')
}

/** The services over what they share. */
export function servicesOf(shared: Shared): SecretsManagerServices {
  const { variables } = shared
  const isLambdaEnvironment = (): boolean =>
    Boolean(variables['AWS_LAMBDA_FUNCTION_NAME'] || variables['DB_SECRET_ARN'])
  const withRetry = async (secretArn?: string): Promise<DatabaseCredentials> =>
    await serviceOf(shared).getDatabaseCredentialsWithRetry(arnOf(variables, secretArn))
  return {
    create: (region) => serviceOf(shared, region),
    getDatabaseCredentialsWithFallback: async (secretArn, fallback) =>
      isLambdaEnvironment() ? await withRetry(secretArn) : (fallback ?? {}),
    getDatabaseCredentialsWithRetry: withRetry,
    isLambdaEnvironment,
    clearCache: () => shared.clear(),
  }
}

function serviceOf(shared: Shared, region?: string): SecretsManagerService {
  const proven = async (secretArn: string): Promise<DatabaseCredentials> =>
    await shared.connection(secretArn, region).prove()
  const service: SecretsManagerService = {
    getDatabaseCredentials: async (secretArn, stage = 'AWSCURRENT', { refreshNow = false } = {}) =>
      await shared.reader(secretArn, region).read(stage, refreshNow),
    getDatabaseCredentialsWithRotationFallback: proven,
    getDatabaseCredentialsWithRetry: proven,
    getCredentialValue: async (secretArn, key) => {
      const found = Object.entries(await service.getDatabaseCredentials(secretArn))
      const value = found.find(([name]) => name === key)?.[1] ?? null
      if (value !== null) return String(value)
      throw new StarlightError('ERR_SECRET_KEY', `Credential key '${key}' not found in secret`)
    },
  }
  return service
}
