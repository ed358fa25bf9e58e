import type { Credential } from '@cuedot/client/protocol'
import { createConnection } from 'mysql2/promise'
import type { Connection } from 'mysql2/promise'
import { nativeHash, quoteAccount } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { randomPassword } from '../servers/postgres.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { TestTls } from '../servers/tls.ts'
import type { RigEngine } from './engine.ts'

/** MariaDB with two slots that may do the same in one database. */
export async function mariadbRig(): Promise<RigEngine> {
  await using starting = new AsyncDisposableStack()
  const tls = starting.use(await makeTestTls())
  const server = starting.use(await startMariadb({ tls, performanceSchema: true }))
  const { host, port, admin, root } = server
  const slot = (username: string): Credential => {
    return { username, password: randomPassword(username), host, port, dbname: 'openemr' }
  }
  const slots = { A: slot('app_a'), B: slot('app_b') }
  const first = await connectTo(root, tls)
  for (const statement of schema([slots.A, slots.B])) await first.query(statement)
  await first.end()
  const before = counted(await server.log())
  const running = starting.move()
  return {
    ...{ engine: 'mariadb', host, port, dbname: 'openemr', caFile: tls.caFile, admin, slots },
    async connect({ username, password }) {
      const connection = await connectTo({ ...slots.A, username, password }, tls)
      return {
        work: async () => void (await connection.query('INSERT INTO visit (id) VALUES (1)')),
        close: () => connection.end(),
      }
    },
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

function schema(slots: readonly Credential[]): readonly string[] {
  return [
    'CREATE TABLE openemr.visit (id int)',
    ...slots.flatMap(({ username, password }) => {
      const account = quoteAccount({ user: username, host: '%' })
      const hash = nativeHash(password)
      return [
        `CREATE USER ${account} IDENTIFIED VIA mysql_native_password USING '${hash}' REQUIRE SSL`,
        `GRANT SELECT, INSERT, UPDATE, DELETE ON openemr.* TO ${account}`,
      ]
    }),
  ]
}

function connectTo(credential: Credential, tls: TestTls): Promise<Connection> {
  return createConnection({
    host: 'localhost',
    port: credential.port,
    user: credential.username,
    password: credential.password.reveal(),
    database: credential.dbname,
    ssl: { ca: tls.ca },
  })
}

function counted(log: string): { readonly connections: number; readonly statements: number } {
  const count = (command: RegExp): number =>
    log.split('\n').filter((line) => command.test(line)).length
  return { connections: count(/\d+ Connect\t/), statements: count(/\d+ (Query|Execute)\t/) }
}
