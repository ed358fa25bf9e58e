import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AuditOptions, AuditSink } from './adapters/audit/sink.ts'
import type { AuditExpectation, AuditVerdict } from './adapters/audit/verify.ts'
import type {
  AlternatingConfig,
  Config,
  DatabaseConfig,
  DualPasswordConfig,
  ManagedConfig,
  PasswordConfig,
  PublishConfig,
  RollConfig,
  StoreConfig,
  TargetConfig,
} from './config/types.ts'
import { initialOf } from './config/initial.ts'
import { DEFAULT_PASSWORD_POLICY, policyProblem } from './domain/password.ts'
import type { RdsResource } from './adapters/rds/resource.ts'
import type { PasswordPolicy } from './domain/password.ts'
import { RotatorError } from './errors.ts'
import type { Clock, Random } from './ports/clock.ts'
import type { ConfigTarget } from './ports/config-target.ts'
import type { CredentialOwner } from './ports/credential-owner.ts'
import type { Database } from './ports/database.ts'
import type { Runtime } from './ports/runtime.ts'
import type { SecretStore } from './ports/secret-store.ts'
import type { RunPolicy, Target } from './ports/target.ts'

export type { AuditVerdict } from './adapters/audit/verify.ts'
export { createSecret } from './compose/secret.ts'

/** What a target gets from the environment instead of from its configuration. */
export interface Surroundings {
  /** `CUEDOT_TLS_CA`: path of a PEM file, for databases whose configuration names no CA. */
  readonly tlsCa?: string
}

/** A target that is ready to be run. */
export interface Composed {
  readonly target: Target
  /** Ends the commands that a run which was told to stop has left behind. */
  release(): Promise<void>
}

/**
 * Makes a target from its configuration. Adapters are loaded when one is needed, so nobody loads
 * the driver of a database or the SDK of a cloud that they do not use. Connects to nothing.
 *
 * @throws ERR_CONFIG for a target that is not there and for what only an adapter can judge
 */
export async function composeTarget(
  name: string,
  config: Config,
  surroundings: Surroundings = {},
): Promise<Composed> {
  const target = config.targets[name]
  if (target === undefined) throw noTarget(name, config)
  const policy = policyOf(name, target, config.file)
  const store = await composeStore(target.store)
  const database = await composeDatabase(target.database, surroundings)
  const configuration = config.fingerprints?.[name] ?? ''
  const base = { name, store, database, policy, configuration }
  if (target.strategy === 'single-user') {
    const { strategy } = target
    const alone = { ...base, strategy, admin: store, configs: [], runtimes: [] }
    return { target: alone, release: async () => undefined }
  }
  if (target.strategy === 'managed') {
    const alone = { ...base, strategy: target.strategy, admin: store, configs: [], runtimes: [] }
    const owner = await composeOwner(target, store)
    return { target: { ...alone, owner }, release: async () => undefined }
  }
  return await composeConsumed(target, base)
}

/** RDS is where the secret is: in its region. */
async function composeOwner(
  { store: { region }, rds, wait }: ManagedConfig,
  store: SecretStore,
): Promise<CredentialOwner> {
  const { rdsOwner } = await import('./adapters/rds/owner.ts')
  const resource = rds && resourceOf(rds)
  return rdsOwner({
    ...wait,
    store,
    ...(region !== undefined && { region }),
    ...(resource && { resource }),
  })
}

function resourceOf(rds: NonNullable<ManagedConfig['rds']>): RdsResource {
  return 'instance' in rds
    ? { kind: 'instance', id: rds.instance }
    : { kind: 'cluster', id: rds.cluster }
}

async function composeConsumed(
  config: AlternatingConfig | DualPasswordConfig,
  base: Pick<Target, 'name' | 'store' | 'database' | 'policy' | 'configuration'>,
): Promise<Composed> {
  const { strategy } = config
  const admin = await composeStore(config.admin.store)
  const configs = await Promise.all(config.publish.map(composeConfigTarget))
  const rolled = await Promise.all(config.roll.map(composeRuntime))
  const runtimes = rolled.map(({ runtime }) => runtime)
  return {
    target: { ...base, ...initialOf(config), strategy, admin, configs, runtimes },
    release: async () => {
      for (const { stop } of rolled) await stop?.()
    },
  }
}

function noTarget(name: string, { file, targets }: Config): RotatorError {
  const known = Object.keys(targets).join(', ')
  const problem = `there is no target ${name}; there are: ${known}`
  return new RotatorError('ERR_CONFIG', { file, path: 'targets', problem })
}

function policyOf(name: string, config: TargetConfig, file: string): RunPolicy {
  const { proveLimitMs, callLimitMs, evictAfterMs } = config
  const password =
    config.strategy === 'managed' ? DEFAULT_PASSWORD_POLICY : passwordPolicy(config.password)
  const problem = policyProblem(password)
  if (problem !== undefined)
    throw new RotatorError('ERR_CONFIG', { file, path: `targets.${name}.password`, problem })
  const drain = 'drain' in config ? config.drain : NO_DRAIN
  return {
    drainQuietMs: drain.quietMs,
    drainLimitMs: drain.limitMs,
    drainPollMs: drain.pollMs,
    proveLimitMs,
    callLimitMs,
    quarantineMs: config.strategy === 'alternating' ? config.quarantineMs : undefined,
    expireAfterMs: config.strategy === 'alternating' ? config.expireAfterMs : undefined,
    evictAfterMs,
    password,
    ...(config.windows && { windows: config.windows }),
  }
}

/** A single user has nobody to wait for: sessions that are not ours refuse the run. */
const NO_DRAIN = { quietMs: 0, limitMs: 0, pollMs: 1_000 }

function passwordPolicy({ length, exclude }: PasswordConfig): PasswordPolicy {
  const alphabet = [...DEFAULT_PASSWORD_POLICY.alphabet].filter((char) => !exclude.includes(char))
  return { length, alphabet: alphabet.join('') }
}

/** The store of one secret, for whoever reads it without a target. */
export async function openStore(config: StoreConfig): Promise<SecretStore> {
  return await composeStore(config)
}

async function composeStore(config: StoreConfig): Promise<SecretStore> {
  if (config.kind === 'file') {
    const { fileStore } = await import('./adapters/file-store/store.ts')
    const { readKeyFile } = await import('./adapters/file-store/key-file.ts')
    return fileStore({ path: config.path, key: await readKeyFile(config.keyFile) })
  }
  const { secretsManagerStore } = await import('./adapters/secrets-manager/store.ts')
  const { kind: _kind, ...options } = config
  return secretsManagerStore(options)
}

async function composeDatabase(
  { engine, endpoints, poolers, dbname, tls }: DatabaseConfig,
  { tlsCa }: Surroundings,
): Promise<Database> {
  const common = tlsCa !== undefined && tls.mode === 'verify' && tls.caFile === undefined
  const trusted = common ? { ...tls, caFile: resolve(tlsCa) } : tls
  const options = { endpoints, poolers, dbname, tls: trusted }
  if (engine === 'postgres') {
    const { postgresDatabase } = await import('./adapters/postgres/database.ts')
    return postgresDatabase(options)
  }
  if (engine === 'mysql') {
    const { mysqlDatabase } = await import('./adapters/mysql/mysql/database.ts')
    return mysqlDatabase(options)
  }
  const { mariadbDatabase } = await import('./adapters/mysql/mariadb/database.ts')
  return mariadbDatabase(options)
}

async function composeConfigTarget(config: PublishConfig): Promise<ConfigTarget> {
  switch (config.kind) {
    case 'dotenv': {
      const { dotenvTarget } = await import('./adapters/files/dotenv.ts')
      return dotenvTarget(config)
    }
    case 'json': {
      const { jsonTarget } = await import('./adapters/files/json.ts')
      return jsonTarget(config)
    }
    case 'php-sqlconf': {
      const { phpSqlconfTarget } = await import('./adapters/files/php-sqlconf/target.ts')
      return phpSqlconfTarget(config)
    }
    case 'kubernetes-secret': {
      const { secretTarget } = await import('./adapters/kubernetes/secret-target.ts')
      return secretTarget(config)
    }
  }
}

interface Rolled {
  readonly runtime: Runtime
  readonly stop?: () => Promise<void>
}

async function composeRuntime(config: RollConfig): Promise<Rolled> {
  switch (config.kind) {
    case 'command': {
      const { commandRuntime } = await import('./adapters/runtimes/command.ts')
      const runtime = commandRuntime(config)
      return { runtime, stop: () => runtime.stop() }
    }
    case 'http-health': {
      const { httpHealthRuntime } = await import('./adapters/runtimes/http-health.ts')
      const { caFile, ...options } = config
      const ca = caFile === undefined ? {} : { ca: await readCa(caFile, config.id) }
      return { runtime: httpHealthRuntime({ ...options, ...ca }) }
    }
    case 'ecs-service': {
      const { ecsRuntime } = await import('./adapters/ecs/runtime.ts')
      const { kind: _kind, ...options } = config
      return { runtime: ecsRuntime(options) }
    }
    case 'kubernetes-deployment': {
      const { deploymentRuntime } = await import('./adapters/kubernetes/deployment-runtime.ts')
      return { runtime: deploymentRuntime(config) }
    }
    case 'none': {
      const { noRuntime } = await import('./adapters/runtimes/none.ts')
      return { runtime: noRuntime(config) }
    }
  }
}

async function readCa(file: string, runtime: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const problem = 'the CA file cannot be read'
    throw new RotatorError('ERR_CONFIG', { file, path: `${runtime}.ca`, problem }, { cause })
  }
}

/** The clock and the random source of this machine. */
export async function composeSystem(): Promise<{ readonly clock: Clock; readonly random: Random }> {
  const { systemClock } = await import('./adapters/system/clock.ts')
  const { systemRandom } = await import('./adapters/system/random.ts')
  return { clock: systemClock, random: systemRandom }
}

/** An audit file that a run writes to. */
export type Audit = Pick<AuditSink, 'path' | 'emit' | 'flush' | 'trouble' | 'unrecorded' | 'head'>

/** Opens nothing yet: the first event makes the file where it is missing. */
export async function composeAudit(options: Omit<AuditOptions, 'run' | 'now'>): Promise<Audit> {
  const { AuditSink: Sink } = await import('./adapters/audit/sink.ts')
  const { clock, random } = await composeSystem()
  return new Sink({ ...options, run: random.uuid(), now: () => clock.now() })
}

/** Checks an audit file from the first line to the last. @throws ERR_AUDIT if it is unreadable */
export async function verifyAudit(file: string, expected: AuditExpectation): Promise<AuditVerdict> {
  const { verifyAuditFile } = await import('./adapters/audit/verify.ts')
  return await verifyAuditFile(file, expected)
}

/** Whether a run could be recorded; writes nothing. @throws ERR_AUDIT that says why not */
export async function inspectAudit(file: string): Promise<string> {
  const { inspectAuditFile } = await import('./adapters/audit/inspect.ts')
  return await inspectAuditFile(file)
}
