import type { Credential } from '@cuedot/client/protocol'
import pg from 'pg'
import { randomPassword, startPostgres } from '../servers/postgres.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { RigEngine, RigServer } from './engine.ts'

/** PostgreSQL 18 with an owner role and two slots that work as it. */
export async function postgresRig({ maxConnections = 40 }: RigServer = {}): Promise<RigEngine> {
  await using starting = new AsyncDisposableStack()
  const tls = starting.use(await makeTestTls())
  const server = starting.use(
    await startPostgres({ tls, settings: { max_connections: String(maxConnections) } }),
  )
  const { host, port, admin } = server
  const slot = (username: string): Credential => {
    return { username, password: randomPassword(username), host, port, dbname: 'app' }
  }
  const slots = { A: slot('app_a'), B: slot('app_b') }
  await server.sql(...schema(admin.username, [slots.A, slots.B]))
  const running = starting.move()
  return {
    ...{ engine: 'postgres', host, port, dbname: 'app', caFile: tls.caFile, admin, slots },
    async connect({ username, password }) {
      const client = await server.connect({ ...slots.A, username, password }, 'consumer')
      return {
        work: async () => void (await client.query('INSERT INTO visit (id) VALUES (1)')),
        close: () => client.end(),
      }
    },
    log: () => server.log(),
    async cost() {
      const lines = (await server.log()).split('\n')
      const ours = lines.filter((line) => line.includes('application_name=cuedot'))
      const statements = lines.filter((line) => /LOG: {2}(statement|execute [^:]*):/.test(line))
      return { connections: ours.length, statements: statements.length }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function schema(admin: string, slots: readonly Credential[]): readonly string[] {
  const name = pg.escapeIdentifier
  return [
    `CREATE ROLE app_owner NOLOGIN ADMIN ${name(admin)}`,
    'GRANT ALL ON SCHEMA public TO app_owner',
    ...slots.flatMap(({ username, password }) => [
      "SET log_statement = 'none'",
      `CREATE ROLE ${name(username)} LOGIN ADMIN ${name(admin)}
       PASSWORD ${pg.escapeLiteral(password.reveal())}`,
      "SET log_statement = 'all'",
      `GRANT app_owner TO ${name(username)}`,
      `ALTER ROLE ${name(username)} SET role TO 'app_owner'`,
    ]),
    'SET ROLE app_owner',
    'CREATE TABLE visit (id int)',
    'RESET ROLE',
  ]
}
