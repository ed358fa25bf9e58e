import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import type { DatabaseFixture, OpenSession } from '../../testkit/src/conformance/database.ts'
import type { TestTls } from '../../testkit/src/servers/tls.ts'
import { SESSION_MODE, quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import type { Call } from '../src/ports/call.ts'
import type { Database } from '../src/ports/database.ts'

/** A running server, as far as the fixture uses it. */
interface Server extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly root: Credential
  readonly admin: Credential
  log(): Promise<string>
}

/** The fixture with what tests of one server need besides. */
export interface ProtocolFixture<S extends Server> extends DatabaseFixture {
  readonly server: S
  /** Runs a statement as root and gives its rows as arrays. */
  sql(statement: string, values?: readonly string[]): Promise<readonly (readonly unknown[])[]>
}

/** What one server does in its own way. */
interface Parts<S extends Server> {
  readonly server: S
  readonly tls: TestTls
  readonly showsApplication: boolean
  database(given: Parameters<DatabaseFixture['database']>[0]): Database
  /** The privilege to end sessions of others. */
  readonly endsSessions: 'CONNECTION ADMIN' | 'CONNECTION_ADMIN'
  /** The clause that gives an account this password. */
  readonly identified: (password: Sensitive) => string
  plaintextServer(): Promise<Server>
}

/** A fixture on a running server with TLS, with an application's schema in it. */
export async function protocolFixture<S extends Server>(
  parts: Parts<S>,
): Promise<ProtocolFixture<S>> {
  const { server, tls, identified } = parts
  const root = await connect(server, tls, server.root)
  const sql: Sql = async (statement, values = []) => {
    const asked = { sql: statement, rowsAsArray: true, values: [...values] }
    const [rows] = await root.query<RowDataPacket[][]>(asked)
    return Array.isArray(rows) ? rows : []
  }
  const settings = (password: Sensitive): string => `${identified(password)} REQUIRE SSL`
  await sql(`SET SESSION sql_mode = '${SESSION_MODE}'`)
  for (const statement of SCHEMA) await sql(statement)
  return {
    server,
    sql,
    endpoint: { host: server.host, port: server.port },
    ca: tls.ca,
    untrustedCa: tls.untrustedCa,
    admin: server.admin,
    showsApplication: parts.showsApplication,
    countsLogins: parts.showsApplication,
    database: (given) => parts.database(given),
    createUser: (username, password, rights) =>
      createUser(sql, { username, settings: settings(password), rights }),
    async revokeOne(username) {
      await sql(`REVOKE INSERT ON openemr.* FROM ${anywhere(username)}`)
      return /^INSERT on database "openemr"$/
    },
    async halfMake(username) {
      await sql(`CREATE USER ${anywhere(username)} ${settings(secret(NOBODY_KNOWS))} ACCOUNT LOCK`)
      await sql(`GRANT SELECT ON openemr.* TO ${anywhere(username)}`)
    },
    useRights: (credential) => useRights(server, tls, credential),
    openSession: (credential, application) =>
      openSession(server, tls, { ...credential, application }),
    killSessions: (username) => killSessions(sql, username),
    showsOpenLogins: true,
    beginLogin: () => greeted(server.port),
    letEndSessions: () => lend(sql, parts.endsSessions, server.admin.username),
    async exhaust() {
      const filler = { ...server.admin, username: 'filler', dbname: '' }
      const name = anywhere(filler.username)
      await sql(`CREATE USER IF NOT EXISTS ${name} ${settings(filler.password)}`)
      return await exhaust(sql, () => connect(server, tls, filler))
    },
    async plaintextServer() {
      const plain = await parts.plaintextServer()
      const endpoint = { host: plain.host, port: plain.port }
      return { endpoint, [Symbol.asyncDispose]: () => plain[Symbol.asyncDispose]() }
    },
    log: () => server.log(),
    async [Symbol.asyncDispose]() {
      root.destroy()
      await server[Symbol.asyncDispose]()
      await tls[Symbol.asyncDispose]()
    },
  }
}

const NOBODY_KNOWS = 'never used'

const SCHEMA: readonly string[] = [
  'CREATE TABLE openemr.patients (id int PRIMARY KEY, name varchar(50), secret varchar(50))',
  'CREATE PROCEDURE openemr.touch() SELECT 1',
]

type Sql = ProtocolFixture<Server>['sql']

/** A password of a test. */
export function secret(text: string): Sensitive {
  return new Sensitive(text, 'password of a test')
}

/** A call with a deadline that only a broken adapter reaches. */
export function soon(): Call {
  return { signal: AbortSignal.timeout(20_000) }
}

/** The account of this user for every host, as statements name it. */
export function anywhere(user: string): string {
  return quoteAccount({ user, host: '%' })
}

/** The server speaks first; who says nothing then is not let in. */
async function greeted(port: number): Promise<AsyncDisposable> {
  const socket = connectTcp(port, '127.0.0.1')
  await once(socket, 'data')
  return { [Symbol.asyncDispose]: async () => void socket.destroy() }
}

async function lend(sql: Sql, privilege: string, username: string): Promise<AsyncDisposable> {
  await sql(`GRANT ${privilege} ON *.* TO ${anywhere(username)}`)
  const back = `REVOKE ${privilege} ON *.* FROM ${anywhere(username)}`
  return { [Symbol.asyncDispose]: async () => void (await sql(back)) }
}

async function createUser(
  sql: Sql,
  user: {
    readonly username: string
    readonly settings: string
    readonly rights: 'application' | 'none'
  },
): Promise<void> {
  const name = anywhere(user.username)
  await sql(`CREATE USER ${name} ${user.settings}`)
  if (user.rights === 'none') return void (await sql(`GRANT EXECUTE ON openemr.* TO ${name}`))
  await sql(`GRANT SELECT, INSERT, EXECUTE ON openemr.* TO ${name}`)
  await sql(`GRANT UPDATE (name) ON openemr.patients TO ${name}`)
}

async function useRights(server: Server, tls: TestTls, credential: Credential): Promise<void> {
  const connection = await connect(server, tls, credential)
  await connection.query("REPLACE INTO patients (id, name) VALUES (1, 'x')").catch(async () => {
    await connection.query("INSERT INTO patients (id, name) VALUES (RAND() * 1e9, 'x')")
  })
  await connection.query("UPDATE patients SET name = 'y'")
  await connection.query('CALL touch()')
  await connection.end()
}

async function connect(
  server: Server,
  tls: TestTls,
  credential: Credential & { readonly application?: string },
): Promise<Connection> {
  const { username, password, dbname, version, application = 'fixture' } = credential
  const told = version === undefined ? {} : { cred_version: version }
  return await createConnection({
    ...{ host: 'localhost', port: server.port, user: username, password: password.reveal() },
    database: username === 'root' ? '' : dbname,
    ssl: { ca: tls.ca, verifyIdentity: true },
    connectAttributes: { program_name: application, ...told },
  })
}

async function openSession(
  server: Server,
  tls: TestTls,
  credential: Credential & { readonly application: string },
): Promise<OpenSession> {
  const connection = await connect(server, tls, credential)
  connection.on('error', () => undefined)
  return {
    work: async () => void (await connection.query('SELECT 1')),
    [Symbol.asyncDispose]: () => connection.end().catch(() => undefined),
  }
}

async function killSessions(sql: Sql, username: string): Promise<void> {
  const find = 'SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ?'
  for (const [id] of await sql(find, [username])) await sql(`KILL ${Number(id)}`)
}

/** Fills the server with sessions of a user without rights; root has one connection more. */
async function exhaust(sql: Sql, enter: () => Promise<Connection>): Promise<AsyncDisposable> {
  const open: Connection[] = []
  try {
    for (;;) open.push(await enter())
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && error.errno === 1040)) throw error
  }
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((connection) => connection.end()))
      const count = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'filler'"
      for (let left = 1; left > 0; left = Number((await sql(count))[0]?.[0]));
    },
  }
}
