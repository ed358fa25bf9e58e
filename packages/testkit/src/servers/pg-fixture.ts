import type { Credential, Sensitive } from '@cuedot/client/protocol'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import pg from 'pg'
import { postgresDatabase } from '../../../rotator/src/adapters/postgres/database.ts'
import type { DatabaseFixture, OpenSession } from '../conformance/database-fixture.ts'
import { startPostgres } from './postgres.ts'
import type { PostgresVersion, TestPostgres } from './postgres.ts'
import { makeTestTls } from './tls.ts'
import type { TestTls } from './tls.ts'

const OWNER = 'app_owner'
const LEDGER = 'ledger_owner'
const name = pg.escapeIdentifier
const text = pg.escapeLiteral

/**
 * PostgreSQL for the conformance suite: a NOLOGIN owner role has a table and a schema; users with
 * the rights of an application are its members, work as it, and hold grants of their own.
 */
export async function postgresFixture(version: PostgresVersion): Promise<DatabaseFixture> {
  await using starting = new AsyncDisposableStack()
  const tls = starting.use(await makeTestTls())
  const server = starting.use(await startPostgres({ tls, version }))
  await server.sql(...schema(server.admin.username))
  const endpoint = { host: server.host, port: server.port }
  const running = starting.move()
  return {
    endpoint,
    ca: tls.ca,
    untrustedCa: tls.untrustedCa,
    admin: server.admin,
    showsApplication: true,
    showsOpenLogins: version >= '18',
    countsLogins: false,
    database: (options) => postgresDatabase({ ...options, dbname: 'app' }),
    createUser: (username, password, rights) =>
      server.sql(...userStatements(server, { username, password, rights })),
    async revokeOne(username) {
      await server.sql(`REVOKE SELECT ON report FROM ${name(username)}`)
      return /^SELECT on table "public"\."report"$/
    },
    halfMake: (username) =>
      server.sql(`CREATE ROLE ${name(username)} NOLOGIN ADMIN ${name(server.admin.username)}`),
    async useRights(credential) {
      await using session = await open(server, credential, 'rights')
      await session.client.query('CREATE TABLE made_by_application (id int)')
      await session.client.query('DROP TABLE made_by_application')
      await session.client.query('INSERT INTO visit (id) SELECT count(*) FROM visit')
      await session.client.query('RESET ROLE')
    },
    openSession: (credential, application) => open(server, credential, application),
    killSessions: (username) =>
      server.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${text(username)}`,
      ),
    // The admin may already: it has the slots' roles.
    beginLogin: () => asked(server.port, tls),
    letEndSessions: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
    exhaust: () => exhaust(server),
    async plaintextServer() {
      const plain = await startPostgres({ version })
      const { host, port } = plain
      return { endpoint: { host, port }, [Symbol.asyncDispose]: () => plain.stop() }
    },
    log: () => server.log(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Objects of two owners. Applications are members of the first and hold grants of the second. */
function schema(admin: string): readonly string[] {
  const owner = (role: string): string => `CREATE ROLE ${role} NOLOGIN ADMIN ${name(admin)}`
  return [
    owner(OWNER),
    owner(LEDGER),
    `GRANT ALL ON SCHEMA public TO ${OWNER}, ${LEDGER}`,
    `SET ROLE ${OWNER}`,
    'CREATE TABLE visit (id int)',
    `SET ROLE ${LEDGER}`,
    'CREATE TABLE report (id int, "odd ""column" text)',
    'ALTER TABLE report ENABLE ROW LEVEL SECURITY',
    `CREATE POLICY "see all" ON report TO ${LEDGER} USING (true)`,
    'CREATE SEQUENCE number',
    'RESET ROLE',
    `CREATE SCHEMA "Ledger's ""own""" AUTHORIZATION ${LEDGER}`,
  ]
}

interface NewUser {
  readonly username: string
  readonly password: Sensitive
  readonly rights: 'application' | 'none'
}

function userStatements(server: TestPostgres, user: NewUser): readonly string[] {
  const who = name(user.username)
  const admin = name(server.admin.username)
  const password = text(user.password.reveal())
  const create = [
    "SET log_statement = 'none'",
    `CREATE ROLE ${who} LOGIN ADMIN ${admin} PASSWORD ${password}
     CONNECTION LIMIT 30 VALID UNTIL '2099-01-01 00:00:00+00'`,
    "SET log_statement = 'all'",
  ]
  return user.rights === 'none' ? create : [...create, ...applicationRights(who)]
}

/** One thing of every kind that a comparison looks at and an admin who is no superuser can give. */
function applicationRights(who: string): readonly string[] {
  return [
    `GRANT ${OWNER} TO ${who}`,
    `ALTER ROLE ${who} SET role TO ${OWNER}`,
    `ALTER ROLE ${who} SET search_path TO "$user", public, "Ledger's ""own"""`,
    `ALTER ROLE ${who} IN DATABASE app SET application_name TO 'it''s \\ a name'`,
    `SET ROLE ${LEDGER}`,
    `GRANT SELECT, INSERT ON report TO ${who}`,
    `GRANT UPDATE ("odd ""column") ON report TO ${who} WITH GRANT OPTION`,
    `GRANT USAGE ON SEQUENCE number TO ${who}`,
    `GRANT USAGE ON SCHEMA "Ledger's ""own""" TO ${who}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${who}`,
    'RESET ROLE',
  ]
}

interface ClientSession extends OpenSession {
  readonly client: pg.Client
}

async function open(
  server: TestPostgres,
  credential: Credential,
  application: string,
): Promise<ClientSession> {
  const { version } = credential
  const told = version === undefined ? application : `${application} cred=${version}`
  const client = await server.connect(credential, told)
  return {
    client,
    async work() {
      await client.query('SELECT 1')
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** Says whom it wants to be and does not answer when it is asked for the password. */
async function asked(port: number, { ca }: TestTls): Promise<AsyncDisposable> {
  const plain = connectTcp(port, '127.0.0.1')
  plain.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
  await once(plain, 'data')
  const socket = connectTls({
    socket: plain,
    ca,
    servername: 'localhost',
    ALPNProtocols: ['postgresql'],
  })
  await once(socket, 'secureConnect')
  const parameters = Buffer.from('user\0nobody\0database\0app\0\0')
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + parameters.length)
  head.writeInt32BE(196_608, 4)
  socket.write(Buffer.concat([head, parameters]))
  await once(socket, 'data')
  return { [Symbol.asyncDispose]: async () => void socket.destroy() }
}

/** Opens sessions of an ordinary user until the server has no room for another. */
async function exhaust(server: TestPostgres): Promise<AsyncDisposable> {
  const clients: pg.Client[] = []
  let full = false
  while (!full) {
    try {
      clients.push(await server.connect(server.admin, 'exhaust'))
    } catch (error) {
      full = error instanceof pg.DatabaseError && error.code === '53300'
      if (!full) throw error
    }
  }
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end()))
    },
  }
}
