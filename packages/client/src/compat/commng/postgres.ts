import type { Credentials, HeldCredential } from '../../credentials/credentials.ts'
import { CredentialsError } from '../../credentials/errors.ts'
import { sameCredential } from '../../credentials/read-credential.ts'
import { createPgPool } from '../../drivers/pg.ts'
import type { SwapEvents } from '../../drivers/swap-events.ts'
import type { RotatingOptions } from '../../pool/options.ts'
import type { CommngEnvironment } from './environment.ts'
import { quiet } from './log.ts'
import type { Log } from './log.ts'
import type { SecretsManager } from './secrets-manager.ts'
import { ENVIRONMENT } from './source.ts'

/** What the variables decide. */
const DECIDED = ['host', 'port', 'database', 'ssl', 'max'] as const

/** What the secret decides: `createPgPool` refuses it. */
type Login = 'user' | 'password' | 'connectionString'

/** What is CommNG's own here: `pg` has a function of this name. */
type Own = 'log'

/**
 * `pg.Pool`, and of its own options what the variables do not decide. `drainMs` is the time that
 * queries which run have after a swap: 30,000 by default, as with CommNG.
 */
export type PostgresOptions<P, O> = RotatingOptions & {
  readonly secretsManager: SecretsManager
  readonly Pool: new (options?: O) => P
  /** Default: nobody. */
  readonly log?: Log
  /**
   * The certificate of the authority, in PEM, against which the server's is verified where
   * `POSTGRES_SSL` is `true`. Default: the authorities that Node knows, those of
   * `NODE_EXTRA_CA_CERTS` among them; for RDS give its bundle.
   */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
} & Omit<NoInfer<O>, (typeof DECIDED)[number] | Login | Own>

/** What CommNG's `sql.ts` exports, without `db`: `drizzle({ client: pool })` needs no proxy. */
export interface Postgres<P> {
  /** The same object for as long as it lives, whatever it logs in with. */
  readonly pool: P
  /**
   * Looks whether the secret is read, begins to follow it, and opens a connection. A secret that
   * cannot be read does not stop it: the login of the environment serves, and the secret is asked
   * for again. Rejects where the server cannot be used.
   */
  connectPostgres(): Promise<void>
  /** Ends the pool and what a swap has left of others, at most `drainMs` later. */
  shutdownPostgres(): Promise<void>
}

interface LoosePool {
  connect(): Promise<{ release(): void }>
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}

interface LooseOptions extends RotatingOptions {
  readonly secretsManager: SecretsManager
  readonly log?: Log
  readonly ca?: PostgresOptions<unknown, object>['ca']
  readonly Pool: new (options?: object) => LoosePool
}

/**
 * CommNG's `sql.ts`: a pool of `pg` by CommNG's variables, whose connections follow the secret.
 * Host, port and database of the variables count where the secret names none, as none of RDS does.
 *
 * @throws CredentialsError `ERR_OPTIONS`
 */
export function createPostgres<P, O extends object>(
  options: PostgresOptions<P, O>,
): Postgres<P & SwapEvents>
export function createPostgres(options: LooseOptions): Postgres<LoosePool> {
  const { secretsManager, log = quiet, ca, ...own } = options
  const { credentials, environment } = secretsManager
  for (const name of DECIDED)
    if (name in own)
      throw new CredentialsError('ERR_OPTIONS', `${name} must not be given: a variable says it`)
  const place: object = { ...placeOf(environment), ssl: environment.ssl && (ca ? { ca } : true) }
  const pool = createPgPool({ ...own, ...place, credentials })
  pool.on('error', (error) => log.error(error, 'Postgres error'))
  logSwaps(pool, credentials, log)
  return {
    pool,
    connectPostgres: async () => {
      if (secretsManager.isEnabled()) await follow(secretsManager, log)
      const client = await pool.connect()
      client.release()
      log.info('Postgres connection established')
    },
    shutdownPostgres: async () => {
      secretsManager.stopAutoRefresh()
      await pool.end()
      log.info('Postgres shut down')
    },
  }
}

function placeOf({ host, port, database, max }: CommngEnvironment): object {
  return { host, port, database, max }
}

async function follow(secretsManager: SecretsManager, log: Log): Promise<void> {
  const { credentials, environment } = secretsManager
  const held = await credentials.get()
  if (held.versionId !== ENVIRONMENT) {
    log.info('Using credentials from AWS Secrets Manager')
    if (isOfEnvironment(held, environment))
      log.info('Secrets Manager credentials match existing pool - no swap performed')
  }
  await secretsManager.startAutoRefresh()
  log.info('Database secret auto-refresh enabled')
}

function isOfEnvironment(
  { credential }: HeldCredential,
  { user, password }: CommngEnvironment,
): boolean {
  return credential.username === user && credential.password.equals(password)
}

function logSwaps(pool: SwapEvents, credentials: Credentials, log: Log): void {
  credentials.on('change', (now, before) => {
    if (before && !sameCredential(now.credential, before.credential))
      log.info('Refreshing database connection with rotated credentials')
  })
  pool.on('swap', ({ before }) => {
    if (before) log.info('Database connection successfully refreshed with new credentials')
  })
  pool.on('trouble', ({ error }) => log.error(error, 'Failed to refresh database connection'))
  pool.on('drained', ({ error, why, versionId }) => {
    if (error !== undefined) log.error(error, 'Failed to close old database pool')
    else if (why === 'unused') log.info('Old database pool closed gracefully after swap')
    else log.warn({ versionId }, 'Old database pool closed, and what was still in use cut off')
  })
}
