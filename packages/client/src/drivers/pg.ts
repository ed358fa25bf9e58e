import type { Credentials, HeldCredential } from '../credentials/credentials.ts'
import { noteKnown } from '../pool/known-pools.ts'
import { rotatingSettings } from '../pool/options.ts'
import type { RotatingOptions } from '../pool/options.ts'
import { RotatingPool } from '../pool/rotating-pool.ts'
import { loginFields, refuseLoginOptions } from './login-fields.ts'
import { pgDriver } from './pg-driver.ts'
import type { PgClient, PgConfig, PgPool, PgThen } from './pg-driver.ts'
import type { SwapEvents } from './swap-events.ts'

/** What the credential decides. */
const DECIDED = ['user', 'password', 'connectionString'] as const

/**
 * `pg.Pool`, and its own options. `host`, `port` and `database` count where the secret names none;
 * `user`, `password` and `connectionString` are refused.
 */
export type PgPoolOptions<P, O> = RotatingOptions & {
  readonly credentials: Credentials
  readonly Pool: new (options?: O) => P
} & Omit<NoInfer<O>, (typeof DECIDED)[number]>

interface LooseOptions extends RotatingOptions, PgConfig {
  readonly credentials: Credentials
  readonly Pool: new (options?: object) => PgPool
}

/**
 * A pool of `pg` whose connections follow the credential. It is an object of the class that is
 * given, the same for as long as it lives, whatever it logs in with; beside the events of `pg` it
 * tells `swap`, `trouble` and `drained`. Sessions carry the version of their credential as `cred=…`
 * in `application_name`. While the one before is drained there are up to twice `max` connections.
 * Where the secret demands TLS, certificate and host name are verified with the `ssl` that is
 * given, else with the authorities of the system.
 *
 * `end()` waits for clients that are handed out, at most `drainMs`; a second one waits for the
 * first. The credentials are not closed: they are the caller's.
 *
 * @throws CredentialsError `ERR_OPTIONS`
 */
export function createPgPool<P, O extends object>(options: PgPoolOptions<P, O>): P & SwapEvents
export function createPgPool(options: LooseOptions): PgPool {
  const { credentials, Pool, drainMs: _d, loginWaitMs: _w, probeMs: _p, ...config } = options
  refuseLoginOptions(config, DECIDED)
  const facade = new Pool(config)
  // What a listener throws is its own affair, and not the swap's.
  const tell = (event: string, told: object): void =>
    process.nextTick(() => facade.emit(event, told))
  const rotating: RotatingPool<PgClient> = new RotatingPool({
    credentials,
    settings: rotatingSettings(options),
    driver: pgDriver({
      ...{ Pool, config },
      heard: (pool, event, told) => {
        // An idle connection of a pool that serves nobody is nobody's loss.
        if (event === 'error' && rotating.serving?.pool !== pool) return
        // Two events of each query are mostly nobody's.
        if (event === 'error' || facade.listenerCount(event) > 0) facade.emit(event, ...told)
      },
    }),
    onSwap: (swap) => {
      // Tracers and adapters of other libraries look here for where a pool leads.
      if (rotating.serving) Object.assign(facade.options, placeOf(rotating.serving.held))
      tell('swap', swap)
    },
    onTrouble: (trouble) => tell('trouble', trouble),
    onDrained: (drained) => tell('drained', drained),
  })
  noteKnown(facade, rotating)
  return Object.defineProperties(facade, replacements(rotating))
}

/** All of a login but its password. */
function placeOf(held: HeldCredential): object {
  const { password: _, ...place } = loginFields(held)
  return place
}

/** What of a pool concerns its connections: `query` and all else is built upon `connect`. */
function replacements(rotating: RotatingPool<PgClient>): PropertyDescriptorMap {
  const state = { ending: false, ended: false }
  return {
    connect: { value: (then?: PgThen) => connect(rotating, then) },
    end: {
      value: (then?: (error?: unknown) => void) => {
        state.ending = true
        const ended = rotating.end().finally(() => (state.ended = true))
        if (then === undefined) return ended
        ended.then(() => then(), then)
        return undefined
      },
    },
    ending: { get: () => state.ending },
    ended: { get: () => state.ended },
    totalCount: { get: () => rotating.serving?.pool.total ?? 0 },
    idleCount: { get: () => rotating.serving?.pool.idle ?? 0 },
    waitingCount: { get: () => rotating.waiting },
  }
}

function connect(rotating: RotatingPool<PgClient>, then?: PgThen): Promise<PgClient> | undefined {
  if (then !== undefined) {
    rotating.checkOut((error, client) => then(error, client, client?.release ?? nothing))
    return undefined
  }
  const { promise, resolve, reject } = Promise.withResolvers<PgClient>()
  rotating.checkOut((error, client) => {
    if (client === undefined) reject(error)
    else resolve(client)
  })
  return promise
}

function nothing(): void {
  // There is no client to give back.
}
