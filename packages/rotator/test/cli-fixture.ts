import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import pg from 'pg'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { startPostgres } from '../../testkit/src/servers/postgres.ts'
import type { TestPostgres } from '../../testkit/src/servers/postgres.ts'
import { createKeyFile, readKeyFile } from '../src/adapters/file-store/key-file.ts'
import { createFileSecret, fileStore } from '../src/adapters/file-store/store.ts'
import { cuedot, startCuedot } from './cli-process.ts'
import type { CliOptions, CliProcess, CliResult } from './cli-process.ts'

/** A folder with a configuration, its secrets and a database user, ready for the command line. */
export interface CliWorld extends AsyncDisposable {
  readonly dir: string
  /** Users of the slots. Only A's exists before the first rotation. */
  readonly users: { readonly A: string; readonly B: string }
  /** What the application finds in its .env file now. */
  env(): Promise<NodeJS.Dict<string>>
  /** Changes the text of cuedot.yaml. */
  edit(change: (yaml: string) => string): Promise<void>
  /**
   * Throws when anything that a command said, or wrote into an audit or plan file, has a password
   * in it, the first or any stored.
   */
  assertSilent(): Promise<void>
  run(args: readonly string[], options?: Partial<CliOptions>): Promise<CliResult>
  start(args: readonly string[], options?: Partial<CliOptions>): CliProcess
  /** Opens a session as slot A's user with its first password. */
  connectAsA(application: string): Promise<pg.Client>
}

/** Lines of YAML under the target, by what they are about. */
export interface WorldOptions {
  readonly drain?: string
  readonly roll?: string
  readonly extra?: string
}

/** A user that belongs to an owner role, as docs/databases.md advises, and a target over it. */
export async function makeWorld(
  server: TestPostgres,
  options: WorldOptions = {},
): Promise<CliWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-cli-'))
  const tag = randomBytes(4).toString('hex')
  const users = { A: `app_${tag}_a`, B: `app_${tag}_b` }
  const password = `Canary${randomBytes(12).toString('hex')}`
  await server.sql(...userStatements(server, users.A, password))
  const at = { host: server.host, port: server.port, dbname: 'app' }
  const slot = (username: string, secret: string): object => ({ username, password: secret, ...at })
  for (const folder of ['keys', 'secrets']) await mkdir(join(dir, folder))
  await writeFile(join(dir, 'app.env'), envFile(users.A, password))
  await writeFile(join(dir, 'cuedot.yaml'), yaml(server, options))
  const said: string[] = []
  const run: CliWorld['run'] = async (args, more) => {
    const result = await cuedot(args, { cwd: dir, ...more })
    said.push(result.stdout, result.stderr)
    return result
  }
  const documents = {
    app: { active_slot: 'A', A: slot(users.A, password), B: slot(users.B, 'placeholder') },
    admin: slot(server.admin.username, server.admin.password.reveal()),
  }
  const key = await createKeyFile(join(dir, 'keys/key'))
  for (const [name, document] of Object.entries(documents)) {
    const value = new Sensitive(JSON.stringify(document), name)
    const path = join(dir, `secrets/${name}.cuedot`)
    await createFileSecret({ path, key }, value, { signal: AbortSignal.timeout(5_000) })
  }
  return {
    dir,
    users,
    env: async () => parseEnv(await readFile(join(dir, 'app.env'), 'utf8')),
    edit: async (change) => {
      const file = join(dir, 'cuedot.yaml')
      await writeFile(file, change(await readFile(file, 'utf8')))
    },
    assertSilent: async () => {
      const passwords = [password, ...(await storedPasswords(dir))]
      assertNoneIn([...said, ...(await recordsIn(dir))], passwords)
    },
    run,
    start: (args, more) => {
      const started = startCuedot(args, { cwd: dir, ...more })
      void started.ended.then(({ stdout, stderr }) => said.push(stdout, stderr))
      return started
    },
    async connectAsA(application) {
      const login = { user: users.A, password, application_name: application }
      const client = new pg.Client({ ...login, ...at, database: at.dbname })
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}

function assertNoneIn(texts: readonly string[], passwords: readonly string[]): void {
  if (passwords.length < 3) throw new Error('there are passwords that were not found')
  const shown = passwords.filter((one) => texts.some((text) => text.includes(one)))
  if (shown.length > 0) throw new Error(`${shown.length} passwords were shown`)
}

async function recordsIn(dir: string): Promise<readonly string[]> {
  const names = (await readdir(dir)).filter((name) => /\.(?:jsonl|head|plan)$/.test(name))
  return await Promise.all(names.map((name) => readFile(join(dir, name), 'latin1')))
}

async function storedPasswords(dir: string): Promise<readonly string[]> {
  const key = await readKeyFile(join(dir, 'keys/key'))
  const texts = ['app', 'admin'].map(async (name) => {
    const store = fileStore({ path: join(dir, `secrets/${name}.cuedot`), key })
    const call = { signal: AbortSignal.timeout(5_000) }
    const { current, pending } = await store.read(call)
    const versions = [current, pending, await store.version('AWSPREVIOUS', call)]
    return versions.map((version) => version?.value.reveal() ?? '').join('\n')
  })
  const all = (await Promise.all(texts)).join('\n')
  return [...all.matchAll(/"password":"([^"]+)"/g)]
    .map(([, found]) => found ?? '')
    .filter((found) => found !== 'placeholder')
}

function userStatements(server: TestPostgres, user: string, password: string): readonly string[] {
  const [owner, name] = [`${user}_owner`, pg.escapeIdentifier(user)]
  const admin = pg.escapeIdentifier(server.admin.username)
  return [
    `CREATE ROLE ${owner} NOLOGIN ADMIN ${admin}`,
    `CREATE ROLE ${name} LOGIN ADMIN ${admin} PASSWORD ${pg.escapeLiteral(password)}`,
    `GRANT ${owner} TO ${name}`,
    `ALTER ROLE ${name} SET role TO ${owner}`,
  ]
}

function envFile(user: string, password: string): string {
  return `# the application's\nDB_USER=${user}\nDB_PASSWORD=${password}\nOTHER=1\n`
}

function yaml(server: TestPostgres, { drain, roll, extra = '' }: WorldOptions): string {
  return `version: 1
targets:
  app:
    strategy: alternating
    store: { kind: file, path: secrets/app.cuedot, key_file: keys/key }
    admin:
      store: { kind: file, path: secrets/admin.cuedot, key_file: keys/key }
    database:
      engine: postgres
      endpoints: ["${server.host}:${server.port}"]
      dbname: app
      tls: off
    publish:
      - { id: web, kind: dotenv, path: app.env, keys: { username: DB_USER, password: DB_PASSWORD } }
    roll: ${roll ?? '[{ id: web, kind: none }]'}
    drain: ${drain ?? '{ quiet: 200ms, limit: 5s, poll: 50ms }'}
    ${extra}
`
}

/**
 * A server for the tests of one file, and worlds on it. No command may have said a password.
 */
export interface CliSuite {
  /** A world of the test's own; it goes with the test. */
  makeOne(options?: WorldOptions): Promise<CliWorld>
  /** The server, once it runs. */
  server(): TestPostgres
}

/** Registers what begins and ends the server and the worlds of a file of tests. */
export function useCliSuite(): CliSuite {
  let server: TestPostgres
  const worlds: CliWorld[] = []
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(async () => {
    await server.stop()
  })
  afterEach(async () => {
    for (const made of worlds.splice(0)) {
      await using world = made
      await world.assertSilent()
    }
  })
  return {
    server: () => server,
    async makeOne(options) {
      const world = await makeWorld(server, options)
      worlds.push(world)
      return world
    },
  }
}

/** One JSON object, as a command prints it. */
export function json(text: string): Record<string, unknown> {
  const value: Record<string, unknown> = JSON.parse(text)
  return value
}
