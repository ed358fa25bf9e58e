import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startPgbouncer } from '../servers/pgbouncer.ts'
import type { PgbouncerServer, PgbouncerSetup } from '../servers/pgbouncer.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { TestPostgres } from '../servers/postgres.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { RigEngine } from './engine.ts'
import { consumerOf, postgresEngine } from './postgres.ts'

const SETUP = fileURLToPath(new URL('../../../../examples/pgbouncer/setup.sql', import.meta.url))

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
    connect: consumerOf(bouncer.port, tls),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
