import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { Consumers } from '../rig/consumers.ts'
import type { RigEngine } from '../rig/engine.ts'
import { rollArgv, rollServer } from '../rig/rig.ts'
import type { ConfiguredCase, CrashCase, Documents } from './cases.ts'
import type { Arrival, GatePlan } from './channel.ts'
import type { Crew } from './crew.ts'
import { activeOf, read } from './documents.ts'
import type { Platform } from './openemr-platform.ts'
import { startCli } from './process.ts'
import type { Cli, Ended } from './process.ts'
import { fakeSecrets, fileSecrets } from './secrets.ts'
import type { Secrets } from './secrets.ts'
import { mountSmallDisk, noSmallDisk } from './small-disk.ts'
import type { SmallDisk } from './small-disk.ts'
import { startOwner, startVault } from './services.ts'
import type { Owner, Vault } from './services.ts'
import { startWireTap } from './wire.ts'
import type { WireTap } from './wire.ts'

/** Where the secrets of a world are: encrypted files, or the fake of Secrets Manager. */
export type StoreKind = 'file' | 'fake'

/** How long a consumer waits before its next connection: two rigs share a machine. */
const PACE_MS = 300

/**
 * What the fake says of itself: it never shows an older state, so nobody need wait for it. Above
 * zero, so that whatever waits for a store to settle does wait.
 */
const FAKE_STALE_MS = 20

/** What a trial happens in: a server, secrets, consumers, and the command line between them. */
export interface World extends AsyncDisposable {
  readonly engine: RigEngine
  readonly row: CrashCase
  readonly store: StoreKind
  readonly dir: string
  /** Where consumers find their credential: no other file of a world has one in clear. */
  readonly confFile: string
  readonly consumers: Crew
  readonly secrets: Secrets
  /** Between the command line and the database. */
  readonly database: WireTap
  /** Between the command line and the fake of Secrets Manager. */
  readonly vault?: Vault
  /** Between the command line and the fake of RDS, which owns the admin's secret. */
  readonly owner?: Owner
  /** What runs the workers of OpenEMR. */
  readonly platform?: Platform
  /** Holds the encrypted files and the config target. */
  readonly disk?: SmallDisk
  /** What the command line has said and nobody has searched yet. */
  readonly said: string[]
  /** Starts a command on the target; without gates where no plan is given. */
  start(
    command: readonly string[],
    plan?: GatePlan,
    arrived?: (arrival: Arrival, cli: Cli) => void,
  ): Cli
  /** Runs a command on the target to its end. */
  run(command: readonly string[]): Promise<Ended>
}

/** What a world is built with. */
export interface WorldOptions {
  readonly store: StoreKind
  /** What the server accepts is in them. */
  readonly documents: Documents
  /** Where compiled sources are kept from one process to the next. */
  readonly cache: string
}

/** Builds a world on a running server and starts the consumers. The server outlives it. */
export async function startWorld(
  engine: RigEngine,
  row: ConfiguredCase,
  { store, documents, cache }: WorldOptions,
): Promise<World> {
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-crash-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  await mkdir(join(dir, 'tmp'))
  const small = store === 'file' && noSmallDisk() === undefined
  const disk = small ? starting.use(await mountSmallDisk(join(dir, 'disk'))) : undefined
  if (!disk) await mkdir(join(dir, 'disk'))
  const database = starting.use(await startWireTap(engine.port))
  const vault = store === 'fake' ? starting.use(await startVault()) : undefined
  const owned = vault && row.owned === true ? await startOwner(engine, vault, documents) : undefined
  const owner = owned && starting.use(owned)
  const secrets = await (vault
    ? fakeSecrets({ ...vault, ...(owner && { admin: owner.secret }) }, documents)
    : fileSecrets({ folder: join(dir, 'disk'), keys: join(dir, 'keys') }, documents))
  const envFile = join(dir, 'disk/app.env')
  await publish(envFile, secrets)
  const consumers = new Consumers(engine, envFile, PACE_MS)
  const { url } = starting.use(await rollServer(() => consumers.roll()))
  const targets = row.targets({
    secret: secrets.config,
    database: {
      engine: engine.engine,
      endpoints: [`localhost:${database.port}`],
      dbname: engine.dbname,
      tls: { ca: engine.caFile },
    },
    publish: [PUBLISH],
    roll: [{ id: 'workers', kind: 'command', argv: rollArgv(url), limit: '30s' }],
  })
  await writeFile(join(dir, 'cuedot.yaml'), stringify({ version: 1, targets }))
  await consumers.start()
  starting.defer(() => consumers.stop())
  const running = starting.move()
  const said: string[] = []
  const env = owner?.environment ?? {}
  const fake = vault !== undefined
  const start = starter({ dir, cache, env, said, fake, args: [row.target, '--json'] })
  return {
    ...{ engine, row, store, dir, confFile: envFile, consumers, secrets, database, said, start },
    ...(vault && { vault }),
    ...(owner && { owner }),
    ...(disk && { disk }),
    run: (command) => start(command).ended,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Consumers begin with what is active. */
async function publish(envFile: string, secrets: Secrets): Promise<void> {
  const active = activeOf((await secrets.labelled()).map(read))
  const lines = [
    `DB_USER=${active?.username}`,
    `DB_PASSWORD=${active?.password}`,
    'DB_CRED_VERSION=',
    '',
  ]
  await writeFile(envFile, lines.join('\n'), { mode: 0o600 })
}

/** How the command line is started in a world. */
export interface Starter {
  readonly dir: string
  readonly cache: string
  readonly env: Readonly<Record<string, string>>
  readonly said: string[]
  /** What stands behind each command. */
  readonly args: readonly string[]
  /** The secrets are in the fake of Secrets Manager. */
  readonly fake: boolean
  /** As {@link startCli} takes it. */
  readonly config?: boolean
}

/** What starts the command line. */
export function starter({ said, args, fake, ...options }: Starter): World['start'] {
  return (command, plan, arrived) => {
    const given = plan ?? (fake ? { hold: 'none' as const } : undefined)
    const stale = given && fake ? { ...given, staleReadMs: FAKE_STALE_MS } : given
    const cli = startCli([...command, ...args], {
      ...options,
      ...(stale && { plan: stale }),
      ...(arrived && { arrived }),
    })
    void cli.ended.then(({ stdout, stderr }) => said.push(stdout, stderr))
    return cli
  }
}

const PUBLISH = {
  id: 'env',
  kind: 'dotenv',
  path: 'disk/app.env',
  keys: { username: 'DB_USER', password: 'DB_PASSWORD', version: 'DB_CRED_VERSION' },
}
