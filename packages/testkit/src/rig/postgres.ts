import type { Credential } from '@cuedot/client/protocol'
import pg from 'pg'
import { scramVerifier } from '../../../rotator/src/adapters/postgres/scram.ts'
import { randomPassword, startPostgres } from '../servers/postgres.ts'
import type { TestPostgres } from '../servers/postgres.ts'
import type { MountData } from '../servers/mysql-process.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { TestTls } from '../servers/tls.ts'
import type { RigEngine, RigServer } from './engine.ts'

/** How the PostgreSQL of a rig is set up. */
export interface PostgresRigServer extends RigServer {
  /** Of postgresql.conf, by name. */
  readonly settings?: Readonly<Record<string, string>>
  /** A disk for the data alone. */
  readonly mount?: MountData
}

/** PostgreSQL 18 with an owner role and two slots that work as it. */
export async function postgresRig({
  maxConnections = 40,
  settings = {},
  mount,
}: PostgresRigServer = {}): Promise<RigEngine> {
  await using starting = new AsyncDisposableStack()
  const tls = starting.use(await makeTestTls())
  const server = starting.use(
    await startPostgres({
      tls,
      settings: { max_connections: String(maxConnections), ...settings },
      ...(mount && { mount }),
    }),
  )
  const engine = await postgresEngine(server, tls)
  const running = starting.move()
  return { ...engine, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** Puts the schema of a rig into a running server. Disposing the rig leaves the server as it is. */
export async function postgresEngine(server: TestPostgres, tls: TestTls): Promise<RigEngine> {
  const { host, port, admin } = server
  const slot = (username: string): Credential => {
    return { username, password: randomPassword(username), host, port, dbname: 'app' }
  }
  const slots = { A: slot('app_a'), B: slot('app_b') }
  await server.sql(...(await schema(admin.username, [slots.A, slots.B])))
  return {
    ...{ engine: 'postgres', host, port, dbname: 'app', caFile: tls.caFile, admin, slots },
    connect: consumerOf(port, tls),
    async root() {
      const client = await server.connect({ ...server.superuser, dbname: 'app' }, 'root')
      return {
        async ask(statement) {
          const { rows } = await client.query<unknown[]>({ text: statement, rowMode: 'array' })
          return rows
        },
        [Symbol.asyncDispose]: () => client.end(),
      }
    },
    restart: () => server.restart(),
    dir: server.dir,
    logFile: server.logFile,
    log: () => server.log(),
    async cost() {
      const lines = (await server.log()).split('\n')
      const ours = lines.filter((line) => line.includes('application_name=cuedot'))
      const statements = lines.filter((line) => /LOG: {2}(statement|execute [^:]*):/.test(line))
      return { connections: ours.length, statements: statements.length }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Consumers that connect to this port of localhost. */
export function consumerOf(port: number, tls: TestTls): RigEngine['connect'] {
  return async ({ username, password }) => {
    const client = new pg.Client({
      ...{ host: 'localhost', port, database: 'app', ssl: { ca: tls.ca } },
      ...{ user: username, password: password.reveal(), application_name: 'consumer' },
    })
    client.on('error', () => undefined)
    await client.connect()
    return {
      work: async () => void (await client.query('INSERT INTO visit (id) VALUES (1)')),
      close: () => client.end(),
    }
  }
}

/** Verifiers, since everything is logged. */
async function schema(admin: string, slots: readonly Credential[]): Promise<readonly string[]> {
  const name = pg.escapeIdentifier
  const made = await Promise.all(
    slots.map(
      async ({ username, password }) =>
        `CREATE ROLE ${name(username)} LOGIN ADMIN ${name(admin)}
         PASSWORD '${await scramVerifier(password)}'`,
    ),
  )
  return [
    `CREATE ROLE app_owner NOLOGIN ADMIN ${name(admin)}`,
    'GRANT ALL ON SCHEMA public TO app_owner',
    ...made,
    ...slots.flatMap(({ username }) => [
      `GRANT app_owner TO ${name(username)}`,
      `ALTER ROLE ${name(username)} SET role TO 'app_owner'`,
    ]),
    'SET ROLE app_owner',
    'CREATE TABLE visit (id int)',
    'RESET ROLE',
  ]
}
