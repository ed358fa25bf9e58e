import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startPgbouncer } from '../servers/pgbouncer.ts'
import type { PgbouncerServer, PgbouncerSetup } from '../servers/pgbouncer.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { TestPostgres } from '../servers/postgres.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { RigEngine } from './engine.ts'
import { postgresEngine } from './postgres.ts'

const SETUP = fileURLToPath(
  new URL('../../../../examples/pgbouncer/setup.sql', import.meta.url),
)

/** A rig whose consumers log in through PgBouncer; cuedot itself talks to the server. */
export interface PgbouncerRig extends RigEngine {
  readonly server: TestPostgres
  readonly bouncer: PgbouncerServer
  /** The CA of the server and of PgBouncer, as PEM text. */
  readonly ca: string
}

/** PostgreSQL, and PgBouncer in front of it as `examples/pgbouncer` has it, with changes. */
export async function pgbouncerRig(
  changes: (server: TestPostgres) => Promise<Pick<PgbouncerSetup, 'settings' | 'users'>>,
): Promise<PgbouncerRig> {
  await using starting = new AsyncDisposableStack()
  const tls = starting.use(await makeTestTls())
  const server = starting.use(await startPostgres({ tls }))
  const direct = await postgresEngine(server, tls)
  const setup = (await readFile(SETUP, 'utf8')).replaceAll(/^--.*$/gm, '')
  await server.sql(...setup.split(';').filter((statement) => statement.trim() !== ''))
  const bouncer = starting.use(
    await startPgbouncer({ serverPort: server.port, tls, ...(await changes(server)) }),
  )
  const running = starting.move()
  return {
    ...direct,
    ...{ server, bouncer, ca: tls.ca, pooler: `localhost:${bouncer.port}` },
    async connect({ username, password }) {
      const client = new pg.Client({
        host: 'localhost',
        port: bouncer.port,
        user: username,
        password: password.reveal(),
        database: 'app',
        ssl: { ca: tls.ca },
        application_name: 'consumer',
      })
      client.on('error', () => undefined)
      await client.connect()
      return {
        work: async () => void (await client.query('INSERT INTO visit (id) VALUES (1)')),
        close: () => client.end(),
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
