import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sensitive, parseSlotDocument } from '@cuedot/client/protocol'
import type { SlotDocument } from '@cuedot/client/protocol'
import { stringify } from 'yaml'
import { createKeyFile, readKeyFile } from '../../adapters/file-store/key-file.ts'
import { createFileSecret, fileStore } from '../../adapters/file-store/store.ts'
import { DEFAULT_PASSWORD_POLICY, generatePassword } from '../../domain/password.ts'
import type { Call } from '../../ports/call.ts'

/** The users of the demo's database. */
export const USERS = { A: 'app_a', B: 'app_b', admin: 'rotator', owner: 'app_owner' } as const

/** The database that the demo's application works on. */
export const DBNAME = 'app'

/** The demo's files: one folder, which is removed at the end. */
export interface Workspace {
  readonly dir: string
  /** The folder that PostgreSQL gets. */
  readonly postgres: string
  readonly config: string
  /** What the application's workers read when they boot. */
  readonly appEnv: string
  /** What workers and clients print when something is wrong. */
  readonly log: string
}

/** The passwords that everything begins with. */
export type FirstPasswords = Readonly<Record<'A' | 'B' | 'admin', Sensitive>>

/** Makes the folder. Others may enter it, because PostgreSQL runs as another user for root. */
export async function makeWorkspace(): Promise<Workspace> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-try-'))
  await chmod(dir, 0o711)
  await mkdir(join(dir, 'secrets'), { mode: 0o700 })
  return {
    dir,
    postgres: join(dir, 'postgres'),
    config: join(dir, 'cuedot.yaml'),
    appEnv: join(dir, 'app.env'),
    log: join(dir, 'app.log'),
  }
}

/** Fresh passwords for everybody. */
export function firstPasswords(): FirstPasswords {
  const fresh = (label: string): Sensitive =>
    new Sensitive(generatePassword(DEFAULT_PASSWORD_POLICY, randomBytes), label)
  return {
    A: fresh('first password of slot A'),
    B: fresh('first password of slot B'),
    admin: fresh('password of the admin'),
  }
}

const call = (): Call => ({ signal: AbortSignal.timeout(10_000) })

/** Writes the two secrets, their key, and the file that the application reads. */
export async function writeSecrets(
  { dir, appEnv }: Workspace,
  passwords: FirstPasswords,
  port: number,
): Promise<void> {
  const at = { host: '127.0.0.1', port: String(port), dbname: DBNAME }
  const changed_at = new Date().toISOString()
  const slot = (name: 'A' | 'B'): object => ({
    ...{ username: USERS[name], password: passwords[name].reveal() },
    ...at,
    changed_at,
  })
  const admin = {
    ...{ username: USERS.admin, password: passwords.admin.reveal() },
    ...{ ...at, port, engine: 'postgres' },
  }
  const key = await createKeyFile(join(dir, 'secrets', 'key'))
  const create = (name: string, document: object): Promise<void> => {
    const value = new Sensitive(JSON.stringify(document), name)
    return createFileSecret({ path: join(dir, 'secrets', name), key }, value, call())
  }
  await create('app.cuedot', { active_slot: 'A', A: slot('A'), B: slot('B') })
  await create('admin.cuedot', admin)
  const variables = {
    DB_HOST: at.host,
    DB_PORT: at.port,
    DB_NAME: at.dbname,
    DB_USER: USERS.A,
    DB_PASSWORD: passwords.A.reveal(),
  }
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(appEnv, lines.join(''), { mode: 0o600 })
}

/** How the demo's cuedot.yaml differs from run to run. */
export interface ConfigOptions {
  readonly databasePort: number
  /** Program and arguments that restart the workers. */
  readonly roll: readonly string[]
  readonly healthUrl: string
  /** As a duration of the config file, e.g. `2s`. */
  readonly drainQuiet: string
}

/** Writes cuedot.yaml: the file that a person would write for such an application. */
export async function writeConfig({ config }: Workspace, options: ConfigOptions): Promise<void> {
  const store = (name: string): object => ({
    kind: 'file',
    path: `secrets/${name}.cuedot`,
    key_file: 'secrets/key',
  })
  const keys = { username: 'DB_USER', password: 'DB_PASSWORD', host: 'DB_HOST', port: 'DB_PORT' }
  const health = { url: options.healthUrl, successes: 3, interval: '200ms', timeout: '5s' }
  const app = {
    strategy: 'alternating',
    store: store('app'),
    admin: { store: store('admin') },
    database: {
      engine: 'postgres',
      endpoints: [`127.0.0.1:${options.databasePort}`],
      dbname: DBNAME,
      tls: 'off',
    },
    publish: [{ id: 'env', kind: 'dotenv', path: 'app.env', keys: { ...keys, dbname: 'DB_NAME' } }],
    roll: [
      { id: 'workers', kind: 'command', argv: [...options.roll], limit: '1m' },
      { id: 'health', kind: 'http-health', ...health, limit: '30s' },
    ],
    drain: { quiet: options.drainQuiet, limit: '30s', poll: '250ms' },
  }
  await writeFile(config, stringify({ version: 1, targets: { app } }), { mode: 0o600 })
}

/** The slot document as it is now. */
export async function readDocument({ dir }: Workspace): Promise<SlotDocument> {
  const key = await readKeyFile(join(dir, 'secrets', 'key'))
  const store = fileStore({ path: join(dir, 'secrets', 'app.cuedot'), key })
  return parseSlotDocument((await store.read(call())).current.value)
}
