import type { DocumentEndpoint, RotationEngine } from '@cuedot/client/protocol'
import { rdsOwner } from '../adapters/rds/owner.ts'
import { rdsRegistry } from '../adapters/rds/registry.ts'
import { rotationSecret } from '../adapters/secrets-manager/rotation.ts'
import { secretsManagerStore } from '../adapters/secrets-manager/store.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { systemRandom } from '../adapters/system/random.ts'
import type { DatabasePlace, FourStepOptions, FourStepTarget } from '../engine/four-steps/types.ts'
import { DEFAULT_PASSWORD_POLICY } from '../domain/password.ts'
import { RotatorError } from '../errors.ts'
import type { Call } from '../ports/call.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Database } from '../ports/database.ts'
import type { RunPolicy, Target } from '../ports/target.ts'

/** Where the services of a rotation function are. */
export interface FunctionPlace {
  /** Name or ARN of the secret. */
  readonly secret: string
  /** Default: the one in the secret's ARN, else the SDK's own rules. */
  readonly region?: string
  /** `SECRETS_MANAGER_ENDPOINT`. Default: the SDK's own rules. */
  readonly endpoint?: string
  /** `CUEDOT_TLS_CA`: path of a PEM file that is trusted beside Amazon's CAs. */
  readonly tlsCa?: string
}

/**
 * A secret that is rotated in four steps. Only what a rotation function needs is within reach of
 * this file: everything else would be in its bundle. Connects to nothing.
 */
export function composeRotation(place: FunctionPlace, options: FourStepOptions): FourStepTarget {
  const { secret, endpoint, tlsCa } = place
  const region = place.region ?? regionOf(secret)
  const here = region === undefined ? {} : { region }
  const vault = { ...here, ...(endpoint !== undefined && { endpoint }) }
  return {
    secret: rotationSecret({ ...vault, secret }),
    registry: rdsRegistry(here),
    options,
    openDatabase: async (engine, where) => await openDatabase(engine, where, tlsCa),
    openSecret: async (id) => secretsManagerStore({ ...vault, secret: id }),
  }
}

/**
 * The target of a secret that RDS manages, at the server that RDS names.
 *
 * @returns undefined for a secret that nobody manages
 * @throws ERR_OWNER_UNKNOWN where RDS does not know the server, or it is none that cuedot speaks
 */
export async function composeManaged(
  { secret, endpoint, tlsCa, ...place }: FunctionPlace,
  call: Call,
): Promise<Target | undefined> {
  const region = place.region ?? regionOf(secret)
  const here = region === undefined ? {} : { region }
  const vault = { ...here, ...(endpoint !== undefined && { endpoint }) }
  const store = secretsManagerStore({ ...vault, secret })
  const owned = await store.owner(call)
  if (owned?.service !== 'rds') return undefined
  const server = await rdsRegistry(here).writerOf(owned.resource ?? '', call)
  if (server?.engine === undefined) {
    const problem = 'RDS names no server that cuedot speaks'
    throw new RotatorError('ERR_OWNER_UNKNOWN', { owner: owned.resource ?? secret, problem })
  }
  const at = { endpoints: [server], dbname: '' }
  return {
    ...{ name: secret.slice(-LONGEST_NAME), strategy: 'managed', store, admin: store },
    database: await openDatabase(server.engine, at, tlsCa),
    owner: rdsOwner({ ...here, ...WAIT, store }),
    ...{ configs: [], runtimes: [], policy: POLICY },
  }
}

/** Of a target, for its lock. */
const LONGEST_NAME = 200

/** Lambda ends a function before. */
const WAIT = { limitMs: 900_000, pollMs: 5_000 }

/** What a managed target needs of it; the rest is for targets with consumers. */
const POLICY: RunPolicy = {
  ...{ drainQuietMs: 0, drainLimitMs: 0, drainPollMs: 1_000, evictAfterMs: 30_000 },
  ...{ proveLimitMs: 60_000, callLimitMs: 30_000 },
  ...{ quarantineMs: undefined, expireAfterMs: undefined, password: DEFAULT_PASSWORD_POLICY },
}

/** @see AWS Secrets Manager user guide, "Resource types defined by AWS Secrets Manager" */
function regionOf(secret: string): string | undefined {
  return /^arn:[^:]+:secretsmanager:([^:]+):\d+:secret:/.exec(secret)?.[1]
}

async function openDatabase(
  engine: RotationEngine,
  { endpoints, dbname }: DatabasePlace,
  caFile: string | undefined,
): Promise<Database> {
  const all: readonly DocumentEndpoint[] = endpoints
  const tls = { mode: 'verify', ...(caFile !== undefined && { caFile }) } as const
  const options = { endpoints: all, dbname, tls }
  switch (engine) {
    case 'postgres': {
      const { postgresDatabase } = await import('../adapters/postgres/database.ts')
      return postgresDatabase(options)
    }
    case 'mysql': {
      const { mysqlDatabase } = await import('../adapters/mysql/mysql/database.ts')
      return mysqlDatabase(options)
    }
    case 'mariadb': {
      const { mariadbDatabase } = await import('../adapters/mysql/mariadb/database.ts')
      return mariadbDatabase(options)
    }
  }
}

/** The clock and the random source of the machine that the function runs on. */
export const functionSystem: { readonly clock: Clock; readonly random: Random } = {
  clock: systemClock,
  random: systemRandom,
}
