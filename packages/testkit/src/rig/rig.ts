import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { phpSqlconfTarget } from '../../../rotator/src/adapters/files/php-sqlconf/target.ts'
import { secretsManagerAdmin } from '../fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../fakes/secrets-manager.ts'
import { startHttpEnd } from '../servers/http-end.ts'
import { Consumers } from './consumers.ts'
import type { RigEngine } from './engine.ts'

/** As it is published where `npm test` has built it, else the sources. */
const CLI =
  process.env['CUEDOT_TEST_PROGRAM'] ??
  fileURLToPath(new URL('../../../rotator/bin/cuedot.js', import.meta.url))

/** Longest run; less than a test may take, so that a test which waits in vain can say for what. */
const LIMIT_MS = 100_000

/** A run of the command line in a process of its own. */
export interface CliRun {
  readonly child: ChildProcess
  /** Resolves when the process has ended. Rejects with what it said when that takes too long. */
  readonly ended: Promise<{
    readonly code: number | null
    readonly stdout: string
    readonly stderr: string
  }>
}

/** Everything around the command line: a server, a secret store, a config file, consumers. */
export interface Rig extends AsyncDisposable {
  readonly engine: RigEngine
  readonly store: FakeSecretsManager
  readonly consumers: Consumers
  readonly dir: string
  /** Starts `cuedot …args`; `onLine` gets each line of its stdout. */
  cuedot(args: readonly string[], onLine?: (line: string, run: ChildProcess) => void): CliRun
  /** Changes the configuration. */
  edit(change: (yaml: string) => string): Promise<void>
  /** What the version with this label holds. */
  document(label: 'AWSCURRENT' | 'AWSPENDING'): Promise<RigDocument | undefined>
}

/** A slot document, or a dual-password document, as far as a test looks into it. */
export interface RigDocument {
  readonly active_slot: 'A' | 'B'
  readonly A: { readonly username: string; readonly password: string }
  readonly B: { readonly username: string; readonly password: string }
  readonly username?: string
  readonly password?: string
  readonly other_password?: { readonly password: string }
  readonly rotation?: object
}

/** The strategy of a rig's target. A dual-password target has the user of slot A. */
export type RigStrategy = 'alternating' | 'dual-password'

/** What a rig does in another way than by itself. */
export interface RigOptions {
  /** The rolling restart. Default: of the rig's own consumers. */
  readonly roll?: () => Promise<void>
  /** The first document. Default: both slots as the server has them, of which A is active. */
  readonly document?: object
  /** The text of a `sqlconf.php` that consumers read instead of a .env file. */
  readonly sqlconf?: string
  /** Replaces settings of the target in `cuedot.yaml`. */
  readonly target?: Readonly<Record<string, unknown>>
}

/** Builds a rig on a running server. Consumers are not started. */
export async function startRig(
  engine: RigEngine,
  strategy: RigStrategy = 'alternating',
  options: RigOptions = {},
): Promise<Rig> {
  await using starting = new AsyncDisposableStack()
  starting.use(engine)
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-rig-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  const store = starting.use(await startSecretsManager())
  const admin = secretsManagerAdmin(store.endpoint)
  await admin.createSecret(
    'rig/slots',
    JSON.stringify(options.document ?? documentOf(engine, strategy)),
  )
  await admin.createSecret('rig/admin', JSON.stringify(flat(engine.admin)))
  const envFile = join(dir, 'app.env')
  const { username, password } = engine.slots.A
  const login = `DB_USER=${username}\nDB_PASSWORD=${password.reveal()}\n`
  await writeFile(envFile, `${login}DB_CRED_VERSION=\n`, { mode: 0o600 })
  const { sqlconf } = options
  const sqlconfFile = join(dir, 'sqlconf.php')
  if (sqlconf !== undefined) await writeFile(sqlconfFile, sqlconf, { mode: 0o640 })
  const php = phpSqlconfTarget({ id: 'sqlconf', path: sqlconfFile })
  const consumers = new Consumers(
    engine,
    sqlconf === undefined ? envFile : () => php.read({ signal: AbortSignal.timeout(30_000) }),
  )
  const control = starting.use(await rollServer(options.roll ?? (() => consumers.roll())))
  const own = targetOf(engine, strategy, [store.endpoint, control.url])
  const publish = [{ id: 'sqlconf', kind: 'php-sqlconf', path: 'sqlconf.php' }]
  const published = sqlconf === undefined ? {} : { publish }
  const targets = { app: { ...own, ...published, ...options.target } }
  await writeFile(join(dir, 'cuedot.yaml'), stringify({ version: 1, targets }))
  const running = starting.move()
  return {
    ...{ engine, store, consumers, dir },
    cuedot: (args, onLine) => startCli(dir, args, onLine),
    async edit(change) {
      const file = join(dir, 'cuedot.yaml')
      await writeFile(file, change(await readFile(file, 'utf8')))
    },
    async document(label) {
      const request = { SecretId: 'rig/slots', VersionStage: label }
      const answer = await admin.call('GetSecretValue', request).catch(() => undefined)
      return answer && (JSON.parse(String(answer['SecretString'])) as RigDocument)
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** A credential as documents hold it. */
export function flat({ username, password, host, port, dbname }: RigEngine['admin']): object {
  return { username, password: password.reveal(), host, port, dbname }
}

function documentOf({ slots }: RigEngine, strategy: RigStrategy): object {
  if (strategy === 'dual-password') return { ...flat(slots.A), team: 'rig' }
  return { active_slot: 'A', A: flat(slots.A), B: flat(slots.B), team: 'rig' }
}

function targetOf(
  engine: RigEngine,
  strategy: RigStrategy,
  [endpoint, rollUrl]: readonly [string, string],
): object {
  const secret = (name: string): object => {
    return { kind: 'secrets-manager', secret: name, region: 'eu-central-1', endpoint }
  }
  return {
    strategy,
    store: secret('rig/slots'),
    admin: { store: secret('rig/admin') },
    database: {
      engine: engine.engine,
      endpoints: [`localhost:${engine.port}`],
      poolers: engine.pooler === undefined ? [] : [engine.pooler],
      dbname: engine.dbname,
      tls: { ca: engine.caFile },
    },
    publish: [
      {
        id: 'env',
        kind: 'dotenv',
        path: 'app.env',
        keys: { username: 'DB_USER', password: 'DB_PASSWORD', version: 'DB_CRED_VERSION' },
      },
    ],
    roll: [
      {
        id: 'workers',
        kind: 'command',
        argv: rollArgv(rollUrl),
        limit: '30s',
      },
    ],
    drain: { quiet: '300ms', limit: '30s', poll: '100ms' },
    evict_after: '1s',
  }
}

/** A command that has the workers restarted, and ends when they have been. */
export function rollArgv(rollUrl: string): readonly string[] {
  const ask =
    'const r = await fetch(process.argv[1], { method: "POST" }); process.exit(r.ok ? 0 : 1)'
  return [process.execPath, '--input-type=module', '-e', ask, rollUrl]
}

/** Restarts the workers whenever its URL is asked to. Why a roll failed is printed. */
export async function rollServer(
  roll: () => Promise<void>,
): Promise<{ url: string } & AsyncDisposable> {
  const end = await startHttpEnd(async (_request, response) => {
    await roll().then(
      () => response.writeHead(204).end(),
      (error: unknown) => {
        console.warn('a roll failed:', error)
        response.writeHead(500).end()
      },
    )
  })
  return { url: `${end.url}/roll`, [Symbol.asyncDispose]: () => end[Symbol.asyncDispose]() }
}

/** The credentials that any emulator takes; never the machine's own. */
export const AWS_ENVIRONMENT: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'eu-central-1',
  AWS_EC2_METADATA_DISABLED: 'true',
}

function startCli(
  dir: string,
  args: readonly string[],
  onLine?: (line: string, run: ChildProcess) => void,
): CliRun {
  const child = spawn(process.execPath, [CLI, ...args, '--config', join(dir, 'cuedot.yaml')], {
    cwd: dir,
    env: {
      PATH: process.env['PATH'],
      NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      HOME: dir,
      NO_COLOR: '1',
      ...AWS_ENVIRONMENT,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine?.(line, child)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text))
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  const limit = setTimeout(() => {
    const said = `${stdout}${stderr}`
    reject(new Error(`cuedot ${args.join(' ')} had not ended after ${LIMIT_MS} ms:\n${said}`))
    child.kill('SIGKILL')
  }, LIMIT_MS)
  child.once('close', resolve)
  const ended = promise.then((code) => ({ code, stdout, stderr }))
  return { child, ended: ended.finally(() => clearTimeout(limit)) }
}
