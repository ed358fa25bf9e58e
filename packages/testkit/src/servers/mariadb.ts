import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { nativeHash, quoteAccount } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { basedirArguments, findMariadb, makeDataFolder } from './mariadb-data.ts'
import { RestartableServer } from './mysql-process.ts'
import type { MountData } from './mysql-process.ts'
import { freePort } from './ports.ts'
import type { TestTls } from './tls.ts'

/** How a test wants its server. */
export interface MariadbSetup {
  /** With it the server takes nothing but TLS; without it the server offers none. */
  readonly tls?: TestTls
  /** Default: a free one. */
  readonly port?: number
  /** Default false, as MariaDB's own. On, the server knows what clients call themselves. */
  readonly performanceSchema?: boolean
  /** Default 100. Root has one connection more. */
  readonly maxConnections?: number
  /** More arguments for the server, after all others. Logs go to `data` in the server's folder. */
  readonly more?: readonly string[]
  /** A disk for the data alone. */
  readonly mount?: MountData
}

/** A MariaDB server of the test's own, with one database, `openemr`. */
export interface MariadbServer extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  /** May do everything. */
  readonly root: Credential
  /**
   * What docs/databases.md asks for: CREATE USER, PROCESS, SELECT on `mysql` and on
   * `performance_schema`, and the privileges of the application with the right to grant them.
   */
  readonly admin: Credential
  /** Folder of data, certificates and logs. */
  readonly dir: string
  /** Every statement as the server received it. */
  readonly logFile: string
  /** Process id of the server. */
  readonly pid: number
  /** The general log and what the server wrote about itself. */
  log(): Promise<string>
  /** Ends the server in good order. Disposing kills it and removes its folder. */
  stop(): Promise<void>
  /** Kills it, where it still runs, and starts it again. */
  restart(): Promise<void>
}

/** Starts MariaDB as a child of this process and waits until it takes connections. */
export async function startMariadb(setup: MariadbSetup = {}): Promise<MariadbServer> {
  const programs = findMariadb()
  await using starting = new AsyncDisposableStack()
  const folder = await makeDataFolder(programs, setup)
  starting.defer(() => folder.remove())
  const { dir } = folder
  const port = setup.port ?? (await freePort())
  const [root, admin] = [credentialOf('root', port), credentialOf('cuedot_admin', port)]
  const initFile = join(dir, 'init.sql')
  await writeFile(initFile, firstStatements({ root, admin }), { mode: 0o644 })
  const args = [
    ...['--no-defaults', ...(programs.account ? [`--user=${programs.account}`] : [])],
    ...basedirArguments(programs),
    ...[`--datadir=${dir}/data`, `--socket=${dir}/s`, `--pid-file=${dir}/pid`],
    ...[`--port=${port}`, '--bind-address=127.0.0.1', '--skip-name-resolve'],
    ...['--general-log=1', `--general-log-file=${dir}/general.log`],
    ...[`--max-connections=${setup.maxConnections ?? 100}`, '--innodb-buffer-pool-size=16M'],
    ...['--innodb-log-file-size=8M', '--innodb-flush-log-at-trx-commit=0'],
    `--performance-schema=${setup.performanceSchema === true ? 'ON' : 'OFF'}`,
    ...[...tlsArguments(setup.tls, dir), ...(setup.more ?? [])],
  ]
  const start = (first: boolean): ChildProcess => {
    const once = first ? [`--init-file=${initFile}`] : []
    return spawn(programs.server, [...args, ...once], { stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const server = await RestartableServer.start(start, 'MariaDB')
  starting.defer(() => server.end('SIGKILL'))
  const running = starting.move()
  const logFile = join(dir, 'general.log')
  return {
    host: '127.0.0.1',
    ...{ port, root, admin, dir, logFile, pid: server.pid },
    log: async () => `${await readFile(logFile, 'utf8')}\n${server.errorLog}`,
    stop: () => server.end('SIGTERM'),
    restart: () => server.restart(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function credentialOf(username: string, port: number): Credential {
  const password = new Sensitive(randomBytes(18).toString('hex'), `password of ${username}`)
  return { username, password, host: '127.0.0.1', port, dbname: 'openemr' }
}

function tlsArguments(tls: TestTls | undefined, dir: string): readonly string[] {
  if (tls === undefined) return ['--skip-ssl']
  const path = (file: string): string => join(dir, 'tls', basename(file))
  return [
    `--ssl-ca=${path(tls.caFile)}`,
    `--ssl-cert=${path(tls.certFile)}`,
    `--ssl-key=${path(tls.keyFile)}`,
    '--require-secure-transport=ON',
  ]
}

/** Runs before the server takes connections; one statement a line. Hashes only: it is logged. */
function firstStatements(users: { readonly root: Credential; readonly admin: Credential }): string {
  const via = ({ password }: Credential): string =>
    `IDENTIFIED VIA mysql_native_password USING '${nativeHash(password)}'`
  const admin = quoteAccount({ user: users.admin.username, host: '%' })
  const statements = [
    `DROP USER IF EXISTS 'root'@'::1', ${quoteAccount({ user: 'root', host: hostname() })}`,
    `ALTER USER 'root'@'localhost' ${via(users.root)}, 'root'@'127.0.0.1' ${via(users.root)}`,
    'CREATE DATABASE openemr',
    `CREATE USER ${admin} ${via(users.admin)}`,
    `GRANT CREATE USER, PROCESS ON *.* TO ${admin}`,
    `GRANT SELECT ON mysql.* TO ${admin}`,
    `GRANT SELECT ON performance_schema.* TO ${admin}`,
    `GRANT ALL PRIVILEGES ON openemr.* TO ${admin} WITH GRANT OPTION`,
  ]
  return statements.map((statement) => `${statement};\n`).join('')
}
