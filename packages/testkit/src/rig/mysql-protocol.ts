import { join } from 'node:path'
import type { Credential, Sensitive } from '@cuedot/client/protocol'
import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { quoteAccount } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { randomPassword } from '../servers/postgres.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { TestTls } from '../servers/tls.ts'
import type { RigEngine } from './engine.ts'

/** A running server, as far as a rig uses it. */
interface Server extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly root: Credential
  readonly admin: Credential
  /** With the general log as `general.log` in it. */
  readonly dir: string
  /** The general log, for one. */
  log(): Promise<string>
  restart(): Promise<void>
}

/** What MariaDB and MySQL do each in their own way. */
interface Parts {
  readonly engine: 'mariadb' | 'mysql'
  readonly start: (tls: TestTls) => Promise<Server>
  /** The clause that gives an account this password. */
  readonly identified: (password: Sensitive) => string
}

/** A server of MySQL's protocol with two slots that may do the same in one database. */
export async function protocolRig({ engine, start, identified }: Parts): Promise<RigEngine> {
  await using starting = new AsyncDisposableStack()
  const tls = starting.use(await makeTestTls())
  const server = starting.use(await start(tls))
  const { host, port, admin, root } = server
  const slot = (username: string): Credential => {
    return { username, password: randomPassword(username), host, port, dbname: 'openemr' }
  }
  const slots = { A: slot('app_a'), B: slot('app_b') }
  const first = await connectTo(root, tls)
  await first.query('CREATE TABLE openemr.visit (id int)')
  for (const { username, password } of [slots.A, slots.B]) {
    const account = quoteAccount({ user: username, host: '%' })
    await first.query(`CREATE USER ${account} ${identified(password)} REQUIRE SSL`)
    await first.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON openemr.* TO ${account}`)
  }
  const endsSessions = engine === 'mysql' ? 'CONNECTION_ADMIN' : 'CONNECTION ADMIN'
  const adminAccount = quoteAccount({ user: admin.username, host: '%' })
  await first.query(`GRANT ${endsSessions} ON *.* TO ${adminAccount}`)
  await first.end()
  const before = counted(await server.log())
  const running = starting.move()
  return {
    ...{ engine, host, port, dbname: 'openemr', caFile: tls.caFile, admin, slots },
    async connect(login) {
      const connection = await connectTo({ ...slots.A, ...login }, tls)
      return {
        work: async () => void (await connection.query('INSERT INTO visit (id) VALUES (1)')),
        close: () => connection.end(),
      }
    },
    async root() {
      const session = await connectTo(root, tls)
      session.on('error', () => undefined)
      return {
        async ask(statement) {
          const [rows] = await session.query<RowDataPacket[][]>({
            sql: statement,
            rowsAsArray: true,
          })
          return Array.isArray(rows) ? rows : []
        },
        [Symbol.asyncDispose]: () => session.end(),
      }
    },
    restart: () => server.restart(),
    dir: server.dir,
    logFile: join(server.dir, 'general.log'),
    log: () => server.log(),
    async cost() {
      const now = counted(await server.log())
      return {
        connections: now.connections - before.connections,
        statements: now.statements - before.statements,
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function connectTo(credential: Credential, tls: TestTls): Promise<Connection> {
  return createConnection({
    host: 'localhost',
    port: credential.port,
    user: credential.username,
    password: credential.password.reveal(),
    ...(credential.username !== 'root' && { database: credential.dbname }),
    ssl: { ca: tls.ca },
    connectAttributes: { program_name: 'consumer', cred_version: credential.version ?? '' },
  })
}

/** Connections and statements that a general log of MariaDB or MySQL shows. */
export function counted(log: string): {
  readonly connections: number
  readonly statements: number
} {
  const count = (command: RegExp): number =>
    log.split('\n').filter((line) => command.test(line)).length
  return { connections: count(/\d+ Connect\t/), statements: count(/\d+ (Query|Execute)\t/) }
}
