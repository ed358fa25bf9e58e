import { demand } from '../../credentials/options.ts'
import type { CredentialSource } from '../../credentials/source.ts'
import { surroundings } from '../../credentials/surroundings.ts'
import type { SwapEvents } from '../../drivers/swap-events.ts'
import type { RotatingOptions } from '../../pool/options.ts'
import { lambdaExtension } from '../../sources/agent.ts'
import { awsSecretsManager } from '../../sources/aws.ts'
import { poolHealth } from '../../watch/health.ts'
import type { Health } from '../../watch/health.ts'
import type { Variables } from '../commng/environment.ts'
import { Connection } from './connection.ts'
import { SecretReader } from './secret-reader.ts'
import { arnOf, servicesOf } from './service.ts'
import type { SecretsManagerServices, Shared } from './service.ts'

/** What the secret decides. */
type Login = 'user' | 'password' | 'password1' | 'uri'

/** What is Starlight's own. */
export interface OwnOptions extends RotatingOptions {
  /** Takes what PHP's `error_log` does, one line at a time. Default: nobody. */
  readonly log?: (line: string) => void
  /** Default: those of the process. */
  readonly variables?: Variables
  /** Where the secret is when neither the caller nor `AWS_REGION` says. Starlight: `us-east-2`. */
  readonly defaultRegion?: string
  /**
   * How long an answer is given out again, and the time between two polls, in milliseconds. 1,000
   * to 86,400,000. Default 300,000, as the agent has it.
   */
  readonly ttlMs?: number
  /** Default: the extension of Lambda, and the SDK where that is not there. */
  readonly source?: (secretArn: string, region: string | undefined) => CredentialSource
}

/**
 * `createPool` of `mysql2/promise` or `mysql2`, and its own options. `host`, `port` and `database`
 * count where the secret names none. `connectionLimit` is 1 unless it is given: an execution
 * environment of Lambda serves one request at a time.
 */
export type StarlightOptions<P, O> = OwnOptions & {
  readonly createPool: (options: O) => P
} & Omit<NoInfer<O>, Login>

/** What is answered where the database cannot be used. */
export interface Unavailable {
  readonly error: 'Service temporarily unavailable'
}

/** Starlight's `DatabaseConnection`. */
export interface DatabaseConnection<P> {
  /**
   * The pool of a secret, the same in every request, after a round trip: a connection that has gone
   * away is replaced, and a login that is refused is made again.
   *
   * @param secretArn - default `DB_SECRET_ARN`
   * @throws StarlightError; the driver's error where the server is not there
   */
  getConnection(secretArn?: string): Promise<P>
  /** Whether a query runs, within 5 s. Never rejects. */
  healthCheck(secretArn?: string): Promise<Health>
  /**
   * What `work` resolves with, or, where it rejects with an error that has a code, as those of the
   * driver and of this package have, a line for the log and {@link Unavailable}. Any other error is
   * a mistake in `work` and is thrown.
   */
  orUnavailable<T>(work: () => Promise<T>): Promise<T | Unavailable>
  /** Ends every pool. PHP has no such method: it ends with the request. */
  end(): Promise<void>
}

/** The classes of Starlight, over one driver. */
export interface Starlight<P> {
  readonly SecretsManagerService: SecretsManagerServices
  readonly DatabaseConnection: DatabaseConnection<P>
}

interface LooseOptions extends OwnOptions {
  readonly createPool: (options: object) => object
}

/**
 * Starlight's classes. What is static there belongs to what this returns, so call it once.
 *
 * @throws CredentialsError `ERR_OPTIONS`
 */
export function createStarlight<P extends object, O extends object>(
  options: StarlightOptions<P, O>,
): Starlight<P & SwapEvents>
export function createStarlight(options: LooseOptions): Starlight<object & SwapEvents> {
  const { log = () => undefined, variables = surroundings.environment } = options
  const { shared, connections } = shareOf(options, variables, log)
  const connectionOf = (secretArn?: string): Connection =>
    shared.connection(arnOf(variables, secretArn))
  return {
    SecretsManagerService: servicesOf(shared),
    DatabaseConnection: {
      getConnection: async (secretArn) => {
        const connection = connectionOf(secretArn)
        await connection.prove()
        return connection.pool
      },
      healthCheck: async (secretArn) => {
        try {
          return await poolHealth(connectionOf(secretArn).pool)
        } catch {
          // Nobody has said which secret: there is no connection.
          return { status: 'unhealthy', reason: 'Database connection failed' }
        }
      },
      orUnavailable: async (work) => {
        try {
          return await work()
        } catch (error) {
          if (!(error instanceof Error && 'code' in error)) throw error
          log(`Database connection failed during rotation: ${error.message}`)
          return { error: 'Service temporarily unavailable' }
        }
      },
      end: async () => {
        await Promise.all([...connections.values()].map((connection) => connection.end()))
        connections.clear()
      },
    },
  }
}

function shareOf(
  options: LooseOptions,
  variables: Variables,
  log: (line: string) => void,
): { readonly shared: Shared; readonly connections: Map<string, Connection> } {
  const { createPool, defaultRegion, ttlMs = 300_000, source = sourceOf, ...rest } = options
  const { log: _l, variables: _v, ...config } = rest
  demand('ttlMs', ttlMs, [1_000, 86_400_000])
  const readers = new Map<string, SecretReader>()
  const connections = new Map<string, Connection>()
  const regionOf = (given?: string): string | undefined =>
    given || variables['AWS_REGION'] || defaultRegion
  const shared: Shared = {
    variables,
    reader: (secretArn, given) => {
      const region = regionOf(given)
      return made(readers, `${region} ${secretArn}`, () => {
        return new SecretReader(source(secretArn, region), ttlMs)
      })
    },
    connection: (secretArn, given) =>
      made(connections, `${regionOf(given)} ${secretArn}`, () => {
        const pool = { createPool, config: { connectionLimit: 1, ...config } }
        return new Connection(shared.reader(secretArn, given), { ...pool, pollMs: ttlMs, log })
      }),
    clear: () => {
      for (const reader of readers.values()) reader.forget()
    },
  }
  return { shared, connections }
}

function made<T>(all: Map<string, T>, key: string, make: () => T): T {
  const found = all.get(key) ?? make()
  all.set(key, found)
  return found
}

function sourceOf(secretId: string, region: string | undefined): CredentialSource {
  const fallback = awsSecretsManager({ secretId, ...(region !== undefined && { region }) })
  return lambdaExtension({ secretId, fallback })
}
