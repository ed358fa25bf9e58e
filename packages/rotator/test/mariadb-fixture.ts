import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import type { DatabaseFixture, OpenSession } from '../../testkit/src/conformance/database.ts'
import { startMariadb } from '../../testkit/src/servers/mariadb.ts'
import type { MariadbServer } from '../../testkit/src/servers/mariadb.ts'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import type { TestTls } from '../../testkit/src/servers/tls.ts'
import { mariadbDatabase } from '../src/adapters/mysql/mariadb/database.ts'
import type { Call } from '../src/ports/call.ts'
import { SESSION_MODE, nativeHash, quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'

/** The fixture with what MariaDB's own tests need besides. */
export interface MariadbFixture extends DatabaseFixture {
  readonly server: MariadbServer
  /** Runs a statement as root and gives its rows as arrays. */
  sql(statement: string, values?: readonly string[]): Promise<readonly (readonly unknown[])[]>
}

/** Starts a server with TLS, an application's schema, and `performance_schema` as asked. */
export async function mariadbFixture(options: {
  readonly performanceSchema: boolean
}): Promise<MariadbFixture> {
  const tls = await makeTestTls()
  const server = await startMariadb({ tls, maxConnections: 20, ...options })
  const root = await connect(server, tls, server.root)
  const sql: MariadbFixture['sql'] = async (statement, values = []) => {
    const asked = { sql: statement, rowsAsArray: true, values: [...values] }
    const [rows] = await root.query<RowDataPacket[][]>(asked)
    return Array.isArray(rows) ? rows : []
  }
  await sql(`SET SESSION sql_mode = '${SESSION_MODE}'`)
  for (const statement of SCHEMA) await sql(statement)
  return {
    server,
    sql,
    endpoint: { host: server.host, port: server.port },
    ca: tls.ca,
    untrustedCa: tls.untrustedCa,
    admin: server.admin,
    showsApplication: options.performanceSchema,
    database: (given) => mariadbDatabase({ ...given, dbname: 'openemr' }),
    createUser: (username, password, rights) => createUser(sql, { username, password, rights }),
    async revokeOne(username) {
      await sql(`REVOKE INSERT ON openemr.* FROM ${anywhere(username)}`)
      return /^INSERT on database "openemr"$/
    },
    async halfMake(username) {
      await sql(
        `CREATE USER ${anywhere(username)} ${settingsWith('*'.padEnd(41, '0'))} ACCOUNT LOCK`,
      )
      await sql(`GRANT SELECT ON openemr.* TO ${anywhere(username)}`)
    },
    useRights: (credential) => useRights(server, tls, credential),
    openSession: (credential, application) =>
      openSession(server, tls, { ...credential, application }),
    killSessions: (username) => killSessions(sql, username),
    exhaust: () => exhaust(server, tls, sql),
    async plaintextServer() {
      const plain = await startMariadb()
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

const SCHEMA: readonly string[] = [
  'CREATE TABLE openemr.patients (id int PRIMARY KEY, name varchar(50), secret varchar(50))',
  'CREATE PROCEDURE openemr.touch() SELECT 1',
]

type Sql = MariadbFixture['sql']

/** A password of a test. */
export function secret(text: string): Sensitive {
  return new Sensitive(text, 'password of a test')
}

/** The clause that gives an account this password, by its hash. */
export function via(password: string): string {
  return `IDENTIFIED VIA mysql_native_password USING '${nativeHash(secret(password))}'`
}

/** A call with a deadline that only a broken adapter reaches. */
export function soon(): Call {
  return { signal: AbortSignal.timeout(20_000) }
}

/** The account of this user for every host, as statements name it. */
export function anywhere(user: string): string {
  return quoteAccount({ user, host: '%' })
}

function settingsWith(hash: string): string {
  return `IDENTIFIED VIA mysql_native_password USING '${hash}' REQUIRE SSL`
}

async function createUser(
  sql: Sql,
  user: {
    readonly username: string
    readonly password: Sensitive
    readonly rights: 'application' | 'none'
  },
): Promise<void> {
  const name = anywhere(user.username)
  await sql(`CREATE USER ${name} ${settingsWith(nativeHash(user.password))}`)
  if (user.rights === 'none') return void (await sql(`GRANT EXECUTE ON openemr.* TO ${name}`))
  await sql(`GRANT SELECT, INSERT, EXECUTE ON openemr.* TO ${name}`)
  await sql(`GRANT UPDATE (name) ON openemr.patients TO ${name}`)
}

async function useRights(
  server: MariadbServer,
  tls: TestTls,
  credential: Credential,
): Promise<void> {
  const connection = await connect(server, tls, credential)
  await connection.query("REPLACE INTO patients (id, name) VALUES (1, 'x')").catch(async () => {
    await connection.query("INSERT INTO patients (id, name) VALUES (RAND() * 1e9, 'x')")
  })
  await connection.query("UPDATE patients SET name = 'y'")
  await connection.query('CALL touch()')
  await connection.end()
}

async function connect(
  server: MariadbServer,
  tls: TestTls,
  credential: Credential & { readonly application?: string },
): Promise<Connection> {
  const { username, password, dbname, application = 'fixture' } = credential
  return await createConnection({
    ...{ host: 'localhost', port: server.port, user: username, password: password.reveal() },
    database: username === 'root' ? '' : dbname,
    ssl: { ca: tls.ca, verifyIdentity: true },
    connectAttributes: { program_name: application },
  })
}

async function openSession(
  server: MariadbServer,
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
async function exhaust(server: MariadbServer, tls: TestTls, sql: Sql): Promise<AsyncDisposable> {
  const filler = { ...server.admin, username: 'filler', dbname: '' }
  const name = anywhere(filler.username)
  await sql(`CREATE USER IF NOT EXISTS ${name} ${settingsWith(nativeHash(filler.password))}`)
  const open: Connection[] = []
  try {
    for (;;) open.push(await connect(server, tls, filler))
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
