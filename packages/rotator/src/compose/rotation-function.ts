import type { DocumentEndpoint, RotationEngine } from '@cuedot/client/protocol'
import { rdsRegistry } from '../adapters/rds/registry.ts'
import { rotationSecret } from '../adapters/secrets-manager/rotation.ts'
import { secretsManagerStore } from '../adapters/secrets-manager/store.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { systemRandom } from '../adapters/system/random.ts'
import type { DatabasePlace, FourStepOptions, FourStepTarget } from '../engine/four-steps/types.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Database } from '../ports/database.ts'

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
