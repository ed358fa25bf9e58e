/**
 * The configuration as the rest of the program sees it: checked, defaults filled in, durations in
 * milliseconds, paths absolute. `schema.ts` makes it from what people write.
 */
export interface Config {
  /** Absolute path of the file it came from. */
  readonly file: string
  /** By name. At least one. */
  readonly targets: Readonly<Record<string, TargetConfig>>
  /** Where every run is recorded; absent where none is. */
  readonly audit?: { readonly path: string }
  /**
   * By target: SHA-256 of what the file says about it, 64 hexadecimal digits. Comments, order of
   * keys and the place of the file do not count.
   */
  readonly fingerprints?: Readonly<Record<string, string>>
}

/** One target. */
export type TargetConfig = AlternatingConfig | DualPasswordConfig | SingleUserConfig | ManagedConfig

interface CommonConfig {
  readonly store: StoreConfig
  readonly database: DatabaseConfig
  /** Longest wait for a new password to be accepted on every endpoint. */
  readonly proveLimitMs: number
  /** How long an urgent run lets sessions with a leaked password end by themselves. */
  readonly evictAfterMs: number
  /** Longest time for one call of a store, a database, a file or a runtime. */
  readonly callLimitMs: number
  /** The age from which a rotation is due; absent where none is ever due. */
  readonly maxAgeMs?: number
  /** When rotations may be started; absent: at any time. */
  readonly windows?: readonly WindowConfig[]
}

/** A time of the week in which rotations may be started. See `domain/windows.ts`. */
export interface WindowConfig {
  readonly days: readonly ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[]
  /** Minutes of the day; `to` is on the next day where it is not after `from`. */
  readonly from: number
  readonly to: number
  readonly timezone: string
}

/** What the strategies with consumers share. */
interface ConsumedConfig extends CommonConfig {
  readonly admin: { readonly store: StoreConfig }
  readonly publish: readonly PublishConfig[]
  readonly roll: readonly RollConfig[]
  readonly drain: { readonly quietMs: number; readonly limitMs: number; readonly pollMs: number }
  readonly password: PasswordConfig
}

/** As whom applications may run before their first rotation, and what the slots may do then. */
export interface InitialConfig {
  readonly user: 'admin'
  readonly privileges: 'all'
}

/** Two users of which one is active. */
export interface AlternatingConfig extends ConsumedConfig {
  readonly strategy: 'alternating'
  /** Absent where applications run as a slot's user from the start. */
  readonly initial?: InitialConfig
  /** How long the old account is locked and watched; absent where it is not locked. */
  readonly quarantineMs?: number
  /** After how long the account of the old slot expires by itself; absent where it does not. */
  readonly expireAfterMs?: number
}

/** One user that has two passwords while a rotation is open. */
export interface DualPasswordConfig extends ConsumedConfig {
  readonly strategy: 'dual-password'
}

/** One user that only the rotator logs in as, such as the admin. */
export interface SingleUserConfig extends CommonConfig {
  readonly strategy: 'single-user'
  readonly password: PasswordConfig
}

/** An RDS-managed admin secret: RDS is asked to rotate it. */
export interface ManagedConfig extends CommonConfig {
  readonly strategy: 'managed'
  readonly store: SecretsManagerConfig
  /** What owns the credential; absent where the tags of the secret say so. */
  readonly rds?: RdsConfig
  readonly wait: { readonly limitMs: number; readonly pollMs: number; readonly doubtMs: number }
}

/** A DB instance, or a DB cluster. */
export type RdsConfig = { readonly instance: string } | { readonly cluster: string }

/** Where a secret is kept. */
export type StoreConfig =
  | { readonly kind: 'file'; readonly path: string; readonly keyFile: string }
  | SecretsManagerConfig

/** A secret in AWS Secrets Manager. */
export interface SecretsManagerConfig {
  readonly kind: 'secrets-manager'
  /** Name or ARN. */
  readonly secret: string
  readonly region?: string
  readonly endpoint?: string
}

/** The database whose credentials these are. */
export interface DatabaseConfig {
  readonly engine: 'postgres' | 'mariadb' | 'mysql'
  /** The writer first. At least one. */
  readonly endpoints: readonly EndpointConfig[]
  /** What applications log in through. Logins are proven there, sessions are not counted there. */
  readonly poolers: readonly EndpointConfig[]
  readonly dbname: string
  readonly tls: TlsConfig
}

/** Host and port of one server. */
export interface EndpointConfig {
  readonly host: string
  readonly port: number
}

/** Verified TLS, perhaps with a CA of one's own (path to PEM), or none. */
export type TlsConfig =
  | { readonly mode: 'verify'; readonly caFile?: string; readonly serverName?: string }
  | { readonly mode: 'off' }

/** What a file calls each value of a credential. */
export interface MappingConfig {
  readonly username: string
  readonly password: string
  readonly host?: string
  readonly port?: string
  readonly dbname?: string
  /** The version of the credential, for `cred_version` of consumers' sessions. */
  readonly version?: string
}

/** Where a credential is written for consumers. */
export type PublishConfig =
  | {
      readonly kind: 'dotenv'
      readonly id: string
      readonly path: string
      readonly keys: MappingConfig
    }
  | {
      readonly kind: 'json'
      readonly id: string
      readonly path: string
      readonly pointers: MappingConfig
    }
  | { readonly kind: 'php-sqlconf'; readonly id: string; readonly path: string }
  | KubernetesSecretConfig

/** What makes consumers pick it up, or judges them afterwards. */
export type RollConfig =
  | CommandConfig
  | HttpHealthConfig
  | EcsServiceConfig
  | KubernetesDeploymentConfig
  | { readonly kind: 'none'; readonly id: string }

/** A command that is run without a shell and exits with 0 when it succeeded. */
export interface CommandConfig {
  readonly kind: 'command'
  readonly id: string
  readonly argv: readonly string[]
  readonly limitMs: number
  readonly cwd: string
  /** Names of environment variables that are passed on besides the harmless ones. */
  readonly inherit: readonly string[]
}

/** A page that says whether consumers are well. */
export interface HttpHealthConfig {
  readonly kind: 'http-health'
  readonly id: string
  readonly url: string
  readonly expect: readonly number[]
  readonly successes: number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly limitMs: number
  readonly caFile?: string
}

/** A service of Amazon ECS that is deployed anew. */
export interface EcsServiceConfig {
  readonly kind: 'ecs-service'
  readonly id: string
  /** Name or ARN. */
  readonly cluster: string
  /** Name or ARN. */
  readonly service: string
  readonly region?: string
  readonly endpoint?: string
  readonly limitMs: number
  readonly pollMs: number
}

/** An object of Kubernetes and how its cluster is reached. */
interface KubernetesObjectConfig {
  readonly id: string
  readonly namespace: string
  readonly name: string
  /** Absolute path; absent: as kubectl and pods find theirs. */
  readonly kubeconfig?: string
  readonly context?: string
}

/** A Secret whose keys hold a credential. */
export interface KubernetesSecretConfig extends KubernetesObjectConfig {
  readonly kind: 'kubernetes-secret'
  readonly keys: MappingConfig
  /** What its type must be. */
  readonly type?: string
}

/** A Deployment whose pods are replaced. */
export interface KubernetesDeploymentConfig extends KubernetesObjectConfig {
  readonly kind: 'kubernetes-deployment'
  readonly limitMs: number
  readonly pollMs: number
}

/** How a generated password looks. */
export interface PasswordConfig {
  readonly length: number
  /** Characters that are taken out of the default alphabet. */
  readonly exclude: string
}
