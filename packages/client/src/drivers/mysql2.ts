import type { Credentials } from '../credentials/credentials.ts'
import { noteKnown } from '../pool/known-pools.ts'
import { rotatingSettings } from '../pool/options.ts'
import type { RotatingOptions } from '../pool/options.ts'
import { RotatingPool } from '../pool/rotating-pool.ts'
import { refuseLoginOptions } from './login-fields.ts'
import { mysqlDriver } from './mysql2-driver.ts'
import type { MysqlConfig, MysqlConnection, MysqlPool, MysqlThen } from './mysql2-driver.ts'
import type { SwapEvents } from './swap-events.ts'

/** What the credential decides. */
const DECIDED = ['user', 'password', 'password1', 'uri'] as const

/**
 * `createPool` of `mysql2/promise` or `mysql2`, and its own options. `host`, `port` and `database`
 * count where the secret names none; `user`, `password` and `uri` are refused.
 */
export type MysqlPoolOptions<P, O> = RotatingOptions & {
  readonly credentials: Credentials
  readonly createPool: (options: O) => P
} & Omit<NoInfer<O>, (typeof DECIDED)[number]>

/** A pool of promises has one of callbacks within; another is one. */
type LoosePool = MysqlPool | { readonly pool: MysqlPool }

interface LooseOptions extends RotatingOptions, MysqlConfig {
  readonly credentials: Credentials
  readonly createPool: (options: object) => LoosePool
}

/**
 * A pool of `mysql2` whose connections follow the credential. It is what `createPool` returns, the
 * same for as long as it lives, whatever it logs in with; beside the events of `mysql2` it tells
 * `swap`, `trouble` and `drained`. Sessions carry the version of their credential as the connection
 * attribute `cred_version`. While the one before is drained there are up to twice `connectionLimit`
 * connections. Where the secret demands TLS, certificate and host name are verified with the `ssl`
 * that is given, else with the authorities of the system.
 *
 * `end()` waits for connections that are handed out, at most `drainMs`: the driver's own cuts them
 * off. A second one waits for the first. The credentials are not closed: they are the caller's.
 *
 * @throws CredentialsError `ERR_OPTIONS`
 */
export function createMysqlPool<P extends object, O extends object>(
  options: MysqlPoolOptions<P, O>,
): P & SwapEvents
export function createMysqlPool(options: LooseOptions): LoosePool {
  const { credentials, createPool, drainMs: _, loginWaitMs: _w, probeMs: _p, ...config } = options
  refuseLoginOptions(config, DECIDED)
  const { connectionLimit } = config
  // Idle connections are looked after by a timer, of which this pool has no need.
  const facade = createPool({ ...config, maxIdle: connectionLimit })
  const core = coreOf(facade)
  const teller = 'emit' in facade ? facade : core
  // What a listener throws is its own affair, and not the swap's.
  const tell = (event: string, told: object): void =>
    process.nextTick(() => teller.emit(event, told))
  const rotating: RotatingPool<MysqlConnection> = new RotatingPool({
    credentials,
    settings: rotatingSettings(options),
    driver: mysqlDriver({
      createPool: (given) => coreOf(createPool(given)),
      config,
      heard: (event, told) => core.emit(event, ...told),
    }),
    onSwap: (swap) => tell('swap', swap),
    onTrouble: (trouble) => tell('trouble', trouble),
    onDrained: (drained) => tell('drained', drained),
  })
  for (const pool of [facade, core]) noteKnown(pool, rotating)
  Object.defineProperties(core, replacements(rotating))
  return facade
}

function coreOf(pool: LoosePool): MysqlPool {
  return 'pool' in pool ? pool.pool : pool
}

/** What of a pool concerns its connections. All else is built upon it, promises too. */
function replacements(rotating: RotatingPool<MysqlConnection>): PropertyDescriptorMap {
  return {
    getConnection: { value: (then: MysqlThen) => rotating.checkOut(then) },
    releaseConnection: { value: (connection: MysqlConnection) => connection.release() },
    end: {
      value: (then: (error?: unknown) => void = nothing) => {
        void rotating.end().then(() => then(), then)
      },
    },
  }
}

function nothing(): void {
  // Nobody waits for the end.
}
