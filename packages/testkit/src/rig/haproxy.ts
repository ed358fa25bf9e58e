import { nativeHash } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { startHaproxy } from '../servers/haproxy.ts'
import type { HaproxyServer, HaproxySetup } from '../servers/haproxy.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startPostgres } from '../servers/postgres.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { RigEngine } from './engine.ts'
import { protocolRig } from './mysql-protocol.ts'
import { consumerOf, postgresEngine } from './postgres.ts'

/** A rig in which everybody, cuedot too, reaches the server through HAProxy. */
export interface HaproxyRig extends RigEngine {
  readonly proxy: HaproxyServer
}

/** PostgreSQL behind HAProxy. */
export async function haproxyPostgresRig(replace?: HaproxySetup['replace']): Promise<HaproxyRig> {
  await using starting = new AsyncDisposableStack()
  const tls = starting.use(await makeTestTls())
  const server = starting.use(await startPostgres({ tls }))
  const engine = await postgresEngine(server, tls)
  const setup = { example: 'postgres', serverPort: server.port } as const
  const proxy = starting.use(await startHaproxy({ ...setup, ...(replace && { replace }) }))
  const running = starting.move()
  return {
    ...engine,
    ...{ proxy, port: proxy.port, connect: consumerOf(proxy.port, tls) },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** MariaDB behind HAProxy. */
export async function haproxyMariadbRig(): Promise<HaproxyRig> {
  const { promise, resolve } = Promise.withResolvers<HaproxyServer>()
  const rig = await protocolRig({
    engine: 'mariadb',
    async start(tls) {
      await using starting = new AsyncDisposableStack()
      const server = starting.use(await startMariadb({ tls }))
      const setup = { example: 'mariadb', serverPort: server.port } as const
      const proxy = starting.use(await startHaproxy(setup))
      resolve(proxy)
      const running = starting.move()
      const { port } = proxy
      return {
        ...{ host: server.host, port, dir: server.dir, log: () => server.log() },
        restart: () => server.restart(),
        root: { ...server.root, port },
        admin: { ...server.admin, port },
        [Symbol.asyncDispose]: () => running.disposeAsync(),
      }
    },
    identified: (password) =>
      `IDENTIFIED VIA mysql_native_password USING '${nativeHash(password)}'`,
  })
  return { ...rig, proxy: await promise }
}
