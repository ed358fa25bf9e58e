import { startFaultProxy } from '../fault-proxy.ts'
import type { FaultProxy } from '../fault-proxy.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { TestPostgres } from '../servers/postgres.ts'
import { startStandby } from '../servers/postgres-standby.ts'
import type { TestStandby } from '../servers/postgres-standby.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { RigEngine } from './engine.ts'
import { consumerOf, postgresEngine } from './postgres.ts'

/** PostgreSQL with a hot standby; everybody reaches the writer at an address that can move. */
export interface PostgresPair extends RigEngine {
  readonly primary: TestPostgres
  readonly standby: TestStandby
  /** The address of the writer, for cuedot and consumers. */
  readonly writer: FaultProxy
  /** The address leads to the standby from now on; open connections are cut. */
  moveToStandby(): void
}

/** Starts both. After every commit the standby has it, too, until it is cut off. */
export async function postgresPair(): Promise<PostgresPair> {
  await using starting = new AsyncDisposableStack()
  const tls = starting.use(await makeTestTls())
  const primary = starting.use(await startPostgres({ tls, settings: { synchronous_commit: 'on' } }))
  const engine = await postgresEngine(primary, tls)
  const standby = starting.use(await startStandby(primary, tls))
  await primary.sql("ALTER SYSTEM SET synchronous_standby_names TO '*'", 'SELECT pg_reload_conf()')
  const writer = starting.use(await startFaultProxy(primary))
  const running = starting.move()
  return {
    ...engine,
    ...{ primary, standby, writer, port: writer.port, connect: consumerOf(writer.port, tls) },
    moveToStandby() {
      writer.target = standby
      writer.cut()
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
