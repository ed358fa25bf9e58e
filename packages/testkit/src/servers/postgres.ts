import { existsSync } from 'node:fs'
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import pg from 'pg'
import { scramVerifier } from '../../../rotator/src/adapters/postgres/scram.ts'
import { startEmbeddedPostgres } from '../../../rotator/src/cli/try/embedded-postgres.ts'
import { postgresBinaries, serverUser } from '../../../rotator/src/cli/try/postgres-binaries.ts'
import type { MountData } from './mysql-process.ts'
import { runCluster } from './postgres-cluster.ts'
import type { TestTls } from './tls.ts'

/** Major versions that tests know where to find. */
export type PostgresVersion = '13' | '14' | '15' | '16' | '17' | '18'

/** All of them, the oldest first. */
export const POSTGRES_VERSIONS: readonly PostgresVersion[] = ['13', '14', '15', '16', '17', '18']

/** A PostgreSQL server of the test's own, a child of the test process. */
export interface TestPostgres extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  readonly dir: string
  readonly logFile: string
  readonly pid: number
  /** The folder of the programs that run it. */
  readonly binaries: string
  /** The user `postgres`. */
  readonly superuser: Credential
  /** `cuedot_admin`: CREATEROLE and pg_read_all_stats, as a managed service gives; no superuser. */
  readonly admin: Credential
  /** Runs statements as the superuser, one connection each time. */
  sql(...statements: readonly string[]): Promise<void>
  /** Says whether transactions may write by default; every session knows when it returns. */
  setReadOnly(readOnly: boolean): Promise<void>
  /** Opens a client with this credential, TLS verified where the server has it. */
  connect(credential: Credential, application?: string): Promise<pg.Client>
  /** Everything that the server has logged: all statements among it. */
  log(): Promise<string>
  stop(): Promise<void>
  /** Kills it, where it still runs, and starts it again. */
  restart(): Promise<void>
}

/** How to start a server. */
export interface TestPostgresOptions {
  /** Without it the server offers no TLS; with it, it takes nothing else. */
  readonly tls?: TestTls
  /** Default: the version under test, else 18. */
  readonly version?: PostgresVersion
  /** Default: a free port. */
  readonly port?: number
  /** More lines for postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** A disk for the data alone. */
  readonly mount?: MountData
}

const DEBIAN_15 = '/usr/lib/postgresql/15/bin'

/** The versions that can be started here. A version that cannot is named on stderr. */
export const POSTGRES_HERE: readonly PostgresVersion[] = versionsHere()

function versionsHere(): readonly PostgresVersion[] {
  const only = chosen()
  if (only) return [only.version]
  if (existsSync(DEBIAN_15)) return ['15', '18']
  console.warn(`no tests with PostgreSQL 15: apt-get install postgresql-15 puts it at ${DEBIAN_15}`)
  return ['18']
}

/**
 * `CUEDOT_TEST_POSTGRES=16:/folder/with/postgres`: the one version that tests use (`npm run
 * test:versions`). Without it: 18 from npm, and 15 where Debian has it.
 */
function chosen(): { readonly version: PostgresVersion; readonly binaries: string } | undefined {
  const [major, binaries] = (process.env['CUEDOT_TEST_POSTGRES'] ?? '').split(':')
  const version = POSTGRES_VERSIONS.find((known) => known === major)
  return version && binaries !== undefined ? { version, binaries } : undefined
}

function binariesOf(version: PostgresVersion): string | undefined {
  const only = chosen()
  if (only?.version === version) return only.binaries
  return version === '15' ? DEBIAN_15 : undefined
}

/** Starts a server with an empty database `app`. */
export async function startPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const { tls, version = chosen()?.version ?? '18', port, mount } = options
  await using starting = new AsyncDisposableStack()
  const { dir } = starting.use(await makeFolder(mount))
  const binaries = binariesOf(version) ?? (await postgresBinaries(dir, serverUser()))
  const server = await startEmbeddedPostgres({
    ...{ dir, binaries },
    ...(port !== undefined && { port }),
    settings: { ...LOG_ALL, ...(tls && tlsSettings(dir)), ...options.settings },
    ...(tls && { hba: HBA, files: await files(tls) }),
  })
  let stopServer = server.stop
  starting.defer(() => stopServer())
  const at = { host: server.host, port: server.port, dbname: 'app' }
  const superuser = { ...at, username: server.superuser, password: server.password }
  const admin = { ...at, username: 'cuedot_admin', password: randomPassword('admin') }
  const connect = async (credential: Credential, application = 'testkit'): Promise<pg.Client> => {
    const client = new pg.Client({
      host: server.host,
      port: server.port,
      user: credential.username,
      password: credential.password.reveal(),
      database: credential.dbname,
      ssl: tls ? { ca: tls.ca } : false,
      application_name: application,
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  const as = async (dbname: string, statements: readonly string[]): Promise<void> => {
    const client = await connect({ ...superuser, dbname })
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  await as('postgres', ['CREATE DATABASE app', ...(await adminStatements(admin))])
  const running = starting.move()
  const stop = (): Promise<void> => running.disposeAsync()
  return {
    ...{ host: server.host, port: server.port, pid: server.pid, logFile: server.logFile },
    ...{ dir, binaries, superuser, admin },
    sql: (...statements) => as('app', statements),
    connect,
    setReadOnly: (readOnly) => setReadOnly(() => connect(superuser), readOnly ? 'on' : 'off'),
    log: () => readFile(server.logFile, 'utf8'),
    stop,
    async restart() {
      await stopServer()
      stopServer = (await runCluster({ dir, binaries, port: server.port })).stop
    },
    [Symbol.asyncDispose]: stop,
  }
}

async function setReadOnly(connect: () => Promise<pg.Client>, value: 'on' | 'off'): Promise<void> {
  const ask = async (...statements: readonly string[]): Promise<unknown> => {
    const client = await connect()
    try {
      let last: unknown
      for (const statement of statements) {
        const { rows } = await client.query<unknown[]>({ text: statement, rowMode: 'array' })
        last = rows[0]?.[0]
      }
      return last
    } finally {
      await client.end()
    }
  }
  await ask(
    'SET default_transaction_read_only TO off',
    `ALTER SYSTEM SET default_transaction_read_only TO ${value}`,
    'SELECT pg_reload_conf()',
  )
  // The server tells the sessions that it has before it lets one in that sees the new value.
  while ((await ask('SHOW default_transaction_read_only')) !== value);
}

/** A folder that goes with the server. */
async function makeFolder(
  mount: MountData | undefined,
): Promise<AsyncDisposable & { readonly dir: string }> {
  await using making = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-pg-'))
  making.defer(() => rm(dir, { recursive: true, force: true }))
  if (mount) making.use(await mount(join(dir, 'data')))
  const user = serverUser()
  if (mount && user) await chown(join(dir, 'data'), user.uid, user.gid)
  const made = making.move()
  return { dir, [Symbol.asyncDispose]: () => made.disposeAsync() }
}

const LOG_ALL = { log_statement: 'all', log_connections: 'on', max_connections: '40' }

/** TLS only, and replication for the superuser. */
const HBA = ['all all', 'replication postgres']
  .map((who) => `hostssl ${who} 127.0.0.1/32 scram-sha-256\n`)
  .join('')

function tlsSettings(dir: string): Readonly<Record<string, string>> {
  const [cert, key] = [join(dir, 'server.pem'), join(dir, 'server.key')]
  return { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key }
}

async function files(tls: TestTls): Promise<Readonly<Record<string, string>>> {
  return {
    'server.pem': await readFile(tls.certFile, 'utf8'),
    'server.key': await readFile(tls.keyFile, 'utf8'),
  }
}

/** A password of 144 random bits in hex. */
export function randomPassword(whose: string): Sensitive {
  return new Sensitive(randomBytes(18).toString('hex'), `password of ${whose}`)
}

/** A verifier, since everything is logged. */
async function adminStatements({ username, password }: Credential): Promise<readonly string[]> {
  const name = pg.escapeIdentifier(username)
  return [
    `CREATE ROLE ${name} LOGIN CREATEROLE PASSWORD '${await scramVerifier(password)}'`,
    `GRANT pg_read_all_stats TO ${name}`,
  ]
}
