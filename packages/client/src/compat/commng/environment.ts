import { CredentialsError } from '../../credentials/errors.ts'
import { demand } from '../../credentials/options.ts'
import { Sensitive } from '../../protocol/sensitive.ts'

/** The variables of a process, by name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What CommNG's variables say, with its defaults. A variable that is empty counts as not set. */
export interface CommngEnvironment {
  /** `DB_SECRET_ID`, name or ARN. Absent: there is no Secrets Manager, the variables are all. */
  readonly secretId?: string
  /** `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `us-east-1`. */
  readonly region: string
  /** `DB_SECRET_REFRESH_INTERVAL_MS`, 1,000 to 86,400,000 milliseconds. Default 300,000. */
  readonly intervalMs: number
  /** `POSTGRES_USER`. Default `postgres`. */
  readonly user: string
  /** `POSTGRES_PASSWORD`. Default: none, for a server that asks for none. */
  readonly password: Sensitive
  /** `POSTGRES_HOST`. Default `localhost`. */
  readonly host: string
  /** `POSTGRES_PORT`, 1 to 65,535. Default 5,432. */
  readonly port: number
  /** `POSTGRES_DB`. Default `comm_ng`. */
  readonly database: string
  /** `POSTGRES_SSL` is `true`. */
  readonly ssl: boolean
  /** `POSTGRES_POOL_SIZE`, 1 to 10,000 connections. Default 20. */
  readonly max: number
}

/**
 * A document has no empty password. A server that asks for none does not look at this one, and one
 * that asks refuses it as it would refuse an empty one.
 */
const NO_PASSWORD = ' '

/** @throws CredentialsError `ERR_OPTIONS` names the variable and its bounds */
export function readEnvironment(variables: Variables): CommngEnvironment {
  const text = (name: string): string | undefined => variables[name] || undefined
  const whole = (name: string, usual: number, most: number): number => {
    const value = Number(text(name) ?? usual)
    if (Number.isInteger(value) && value >= 1 && value <= most) return value
    throw new CredentialsError('ERR_OPTIONS', `${name} must be a whole number, 1 to ${most}`)
  }
  const secretId = text('DB_SECRET_ID')
  const intervalMs = Number(text('DB_SECRET_REFRESH_INTERVAL_MS') ?? 300_000)
  demandInterval('DB_SECRET_REFRESH_INTERVAL_MS', intervalMs)
  return {
    ...(secretId !== undefined && { secretId }),
    region: text('AWS_REGION') ?? text('AWS_DEFAULT_REGION') ?? 'us-east-1',
    intervalMs,
    user: text('POSTGRES_USER') ?? 'postgres',
    password: new Sensitive(text('POSTGRES_PASSWORD') ?? NO_PASSWORD, 'POSTGRES_PASSWORD'),
    host: text('POSTGRES_HOST') ?? 'localhost',
    port: whole('POSTGRES_PORT', 5_432, 65_535),
    database: text('POSTGRES_DB') ?? 'comm_ng',
    ssl: text('POSTGRES_SSL') === 'true',
    max: whole('POSTGRES_POOL_SIZE', 20, 10_000),
  }
}

/** The user and the password of the variables, as what `credentialVariables` reads. */
export function loginVariables(variables: Variables): Variables {
  return {
    POSTGRES_USER: variables['POSTGRES_USER'] || 'postgres',
    POSTGRES_PASSWORD: variables['POSTGRES_PASSWORD'] || NO_PASSWORD,
  }
}

/** @throws CredentialsError `ERR_OPTIONS` unless it is 1,000 to 86,400,000 milliseconds */
export function demandInterval(name: string, intervalMs: number): void {
  demand(name, intervalMs, [1_000, 86_400_000])
}
