import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseEnv } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import pg from 'pg'
import type { TestPostgres } from '../../testkit/src/servers/postgres.ts'
import { createKeyFile, readKeyFile } from '../src/adapters/file-store/key-file.ts'
import { createFileSecret, fileStore } from '../src/adapters/file-store/store.ts'
import { cuedot, startCuedot } from './cli-process.ts'
import type { CliProcess, CliResult } from './cli-process.ts'

/** An application that runs on one user, and a target over it that is to be adopted. */
export interface AdoptWorld extends AsyncDisposable {
  readonly dir: string
  /** The running user; it owns the schema `<user>_data`. */
  readonly user: string
  readonly password: string
  /** What the secret's current version holds. */
  document(): Promise<Record<string, unknown>>
  run(...args: readonly string[]): Promise<CliResult>
  start(...args: readonly string[]): CliProcess
  /** What the application finds in its .env file. */
  login(): Promise<{ readonly user: string; readonly password: string }>
  /** Writes the application's .env file. */
  writeEnv(user: string, password: string): Promise<void>
  /** Opens a session with what the .env file holds. */
  connect(): Promise<pg.Client>
  /** Everything that commands have said. */
  said(): string
}

/** What the secret holds at first; `flat` is what RDS and an application share. */
export type FirstSecret = 'flat' | 'stand-in' | 'slots-stand-in' | ((flat: object) => unknown)

/** Makes the user, its things, the folder and the secrets. */
export async function makeAdoptWorld(
  server: TestPostgres,
  first: FirstSecret = 'flat',
): Promise<AdoptWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-adopt-'))
  const user = `run_${randomBytes(4).toString('hex')}`
  const password = `Canary${randomBytes(12).toString('hex')}`
  await server.sql(...userStatements(server, user, password))
  const at = { host: server.host, port: server.port, dbname: 'app' }
  const flat = { engine: 'postgres', username: user, password, ...at, team: 'billing' }
  const { username, password: secret } = server.admin
  const documents = {
    app: secretText(first, flat),
    admin: JSON.stringify({ username, password: secret.reveal(), ...at }),
  }
  for (const folder of ['keys', 'secrets']) await mkdir(join(dir, folder))
  const key = await createKeyFile(join(dir, 'keys/key'))
  for (const [name, text] of Object.entries(documents)) {
    const path = join(dir, `secrets/${name}.cuedot`)
    const call = { signal: AbortSignal.timeout(5_000) }
    await createFileSecret({ path, key }, new Sensitive(text, name), call)
  }
  await writeFile(join(dir, 'cuedot.yaml'), yaml(server))
  const said: string[] = []
  const envFile = join(dir, 'app.env')
  const login: AdoptWorld['login'] = async () => {
    const { DB_USER = '', DB_PASSWORD = '' } = parseEnv(await readFile(envFile, 'utf8'))
    return { user: DB_USER, password: DB_PASSWORD }
  }
  const world: AdoptWorld = {
    ...{ dir, user, password, login, said: () => said.join('\n') },
    async document() {
      const store = fileStore({
        path: join(dir, 'secrets/app.cuedot'),
        key: await readKeyFile(join(dir, 'keys/key')),
      })
      const { current } = await store.read({ signal: AbortSignal.timeout(5_000) })
      const value: Record<string, unknown> = JSON.parse(current.value.reveal())
      return value
    },
    async run(...args) {
      const result = await cuedot(args, { cwd: dir })
      said.push(result.stdout, result.stderr)
      return result
    },
    start: (...args) => startCuedot(args, { cwd: dir }),
    writeEnv: (name, word) => writeFile(envFile, `DB_USER=${name}\nDB_PASSWORD=${word}\n`),
    async connect() {
      const client = new pg.Client({ ...(await login()), ...at, database: at.dbname })
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
  await world.writeEnv(user, password)
  return world
}

function secretText(first: FirstSecret, flat: { username: string }): string {
  const idle = (username: string): object => ({ ...flat, username, password: 'placeholder' })
  if (first === 'flat') return JSON.stringify(flat)
  if (first === 'stand-in') return JSON.stringify({ placeholder: true, team: 'billing' })
  if (first === 'slots-stand-in')
    return JSON.stringify({ active_slot: 'A', A: idle('a'), B: idle('b'), team: 'billing' })
  return JSON.stringify(first(flat))
}

function userStatements(
  { admin }: TestPostgres,
  user: string,
  password: string,
): readonly string[] {
  const by = pg.escapeIdentifier(admin.username)
  return [
    `GRANT CREATE ON DATABASE app TO ${by} WITH GRANT OPTION`,
    "SET log_statement = 'none'",
    `CREATE ROLE ${user} LOGIN ADMIN ${by} PASSWORD ${pg.escapeLiteral(password)}`,
    "SET log_statement = 'all'",
    `CREATE SCHEMA ${user}_data AUTHORIZATION ${user}`,
    `SET ROLE ${user}`,
    `CREATE TABLE ${user}_data.parent (id serial PRIMARY KEY)`,
    `CREATE TABLE ${user}_data.visit (id serial, parent int REFERENCES ${user}_data.parent)`,
    `INSERT INTO ${user}_data.parent DEFAULT VALUES`,
    `CREATE VIEW ${user}_data.seen AS SELECT count(*) FROM ${user}_data.visit`,
    'RESET ROLE',
  ]
}

function yaml({ host, port }: TestPostgres): string {
  return `version: 1
targets:
  app:
    strategy: alternating
    store: { kind: file, path: secrets/app.cuedot, key_file: keys/key }
    admin:
      store: { kind: file, path: secrets/admin.cuedot, key_file: keys/key }
    database:
      engine: postgres
      endpoints: ["${host}:${port}"]
      dbname: app
      tls: off
    publish:
      - { id: web, kind: dotenv, path: app.env, keys: { username: DB_USER, password: DB_PASSWORD } }
    roll: [{ id: web, kind: none }]
    drain: { quiet: 200ms, limit: 5s, poll: 50ms }
`
}

/** An application that never pauses: it counts what it did and keeps every failure. */
export class RunningApplication {
  readonly failures: string[] = []
  requests = 0
  readonly #world: AdoptWorld
  #stopped = false
  readonly #loops: Promise<void>[] = []

  constructor(world: AdoptWorld) {
    this.#world = world
  }

  /** One session for all requests, open before anything else happens. */
  async startPooled(): Promise<void> {
    const client = await this.#world.connect()
    await this.#work(client, 'pooled')
    this.#loops.push(
      this.#loop(
        'pooled',
        () => this.#work(client, 'pooled'),
        () => client.end(),
      ),
    )
  }

  /** A session for each request, with what the file holds. */
  startFresh(): void {
    const request = async (): Promise<void> => {
      const client = await this.#world.connect()
      await this.#work(client, 'fresh')
      await client.end()
    }
    this.#loops.push(this.#loop('fresh', request, async () => undefined))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#loops)
  }

  /** What applications do: write, read, and change a table of their own. */
  async #work(client: pg.Client, name: string): Promise<void> {
    const data = `${this.#world.user}_data`
    await client.query(`INSERT INTO ${data}.visit (parent) VALUES (1)`)
    await client.query(`SELECT * FROM ${data}.seen`)
    await client.query(`CREATE TABLE IF NOT EXISTS ${data}.${name} (id int)`)
    await client.query(`ALTER TABLE ${data}.${name} ADD COLUMN IF NOT EXISTS note text`)
    await client.query(`ALTER TABLE ${data}.${name} DROP COLUMN note`)
  }

  async #loop(name: string, turn: () => Promise<void>, end: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      try {
        await turn()
        this.requests += 1
      } catch (error) {
        this.failures.push(`${name}: ${error instanceof Error ? error.message : 'failed'}`)
      }
      // Lets the other loop, and whoever starts and stops, have a turn.
      await pause(5)
    }
    await end()
  }
}
