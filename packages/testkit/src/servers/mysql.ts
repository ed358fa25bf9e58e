import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { quoteAccount, quoteText } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { serverAccount } from './mariadb-data.ts'
import { RestartableServer, cloneData, makeOnce } from './mysql-process.ts'
import type { MountData } from './mysql-process.ts'
import { MYSQL_ADVICE, findMysql } from './mysql-program.ts'
import type { MysqlProgram } from './mysql-program.ts'
import { freePort } from './ports.ts'
import type { TestTls } from './tls.ts'

const run = promisify(execFile)

/** How a test wants its server. */
export interface MysqlSetup {
  /** With it the server takes nothing but TLS; without it the server offers none. */
  readonly tls?: TestTls
  /** Default true, as MySQL's own: the server knows what clients call themselves. */
  readonly performanceSchema?: boolean
  /** Default 100. Root has one connection more. */
  readonly maxConnections?: number
  /** Default false. On, what changes something is logged in `binlog.*` of the server's folder. */
  readonly binaryLog?: boolean
  /** More arguments for the server, after all others. Logs go to the server's folder. */
  readonly more?: readonly string[]
  /** A disk for the data alone. */
  readonly mount?: MountData
}

/** A MySQL server of the test's own, with one database, `openemr`. */
export interface MysqlServer extends AsyncDisposable {
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
  /** The general log and what the server wrote about itself. */
  log(): Promise<string>
  /** Kills it, where it still runs, and starts it again. */
  restart(): Promise<void>
}

/** Starts MySQL as a child of this process and waits until it takes connections. */
export async function startMysql(setup: MysqlSetup = {}): Promise<MysqlServer> {
  const program = findMysql()
  if (program === undefined) throw new Error(`there is no MySQL: ${MYSQL_ADVICE}`)
  const account = process.getuid?.() === 0 ? serverAccount() : undefined
  await using starting = new AsyncDisposableStack()
  const { tls, mount } = setup
  const folder = await cloneData(await goldenData(program, account), { tls, account, mount })
  starting.defer(() => folder.remove())
  const { dir } = folder
  const port = await freePort()
  const [root, admin] = [credentialOf('root', port), credentialOf('cuedot_admin', port)]
  const initFile = join(dir, 'init.sql')
  await writeFile(initFile, firstStatements({ root, admin }), { mode: 0o644 })
  const { command, args: before } = program
  const args = [
    ...[...before, ...(account === undefined ? [] : [`--user=${account}`])],
    ...[...FIXED, `--datadir=${dir}/data`, `--socket=${dir}/s`, `--pid-file=${dir}/pid`],
    ...[`--port=${port}`, '--bind-address=127.0.0.1', '--skip-name-resolve'],
    ...['--general-log=1', `--general-log-file=${dir}/general.log`],
    ...[`--max-connections=${setup.maxConnections ?? 100}`, '--table-definition-cache=400'],
    `--performance-schema=${setup.performanceSchema === false ? 'OFF' : 'ON'}`,
    ...(setup.binaryLog === true ? [`--log-bin=${dir}/binlog`] : ['--skip-log-bin']),
    ...[...tlsArguments(tls, dir), ...(setup.more ?? [])],
  ]
  const start = (first: boolean): ChildProcess => {
    const once = first ? [`--init-file=${initFile}`] : []
    return spawn(command, [...args, ...once], { stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const server = await RestartableServer.start(start, 'MySQL')
  starting.defer(() => server.end('SIGKILL'))
  const running = starting.move()
  return {
    host: '127.0.0.1',
    ...{ port, root, admin, dir },
    log: async () => `${await readFile(join(dir, 'general.log'), 'utf8')}\n${server.errorLog}`,
    restart: () => server.restart(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** What every run of the server is told, the one that makes the data directory included. */
const FIXED: readonly string[] = [
  ...['--mysqlx=OFF', '--secure-file-priv=NULL', '--innodb-redo-log-capacity=8M'],
  ...['--innodb-buffer-pool-size=16M', '--innodb-flush-log-at-trx-commit=0'],
]

/** As `mysqld --initialize-insecure` makes it; without the file that identifies one server. */
async function goldenData(
  { command, args, version }: MysqlProgram,
  account: string | undefined,
): Promise<string> {
  const facts = [command, ...args, version, process.getuid?.()].join(' ')
  const key = createHash('sha256').update(facts).digest('hex').slice(0, 12)
  return await makeOnce(join(tmpdir(), `cuedot-mysql-golden-${key}`), async (fresh) => {
    await mkdir(fresh)
    if (account !== undefined) await run('chown', [account, fresh])
    const as = account === undefined ? [] : [`--user=${account}`]
    const make = ['--initialize-insecure', `--datadir=${fresh}`]
    await run(command, [...args, ...as, ...FIXED, ...make])
    await rm(join(fresh, 'auto.cnf'))
  })
}

function credentialOf(username: string, port: number): Credential {
  const password = new Sensitive(randomBytes(18).toString('hex'), `password of ${username}`)
  return { username, password, host: '127.0.0.1', port, dbname: 'openemr' }
}

function tlsArguments(tls: TestTls | undefined, dir: string): readonly string[] {
  if (tls === undefined) return ['--tls-version=', '--auto-generate-certs=OFF']
  const path = (file: string): string => join(dir, 'tls', basename(file))
  return [
    `--ssl-ca=${path(tls.caFile)}`,
    `--ssl-cert=${path(tls.certFile)}`,
    `--ssl-key=${path(tls.keyFile)}`,
    '--require-secure-transport=ON',
  ]
}

/** Runs before the server takes connections; one statement a line. */
function firstStatements(users: { readonly root: Credential; readonly admin: Credential }): string {
  const by = ({ password }: Credential): string => `IDENTIFIED BY ${quoteText(password.reveal())}`
  const admin = quoteAccount({ user: users.admin.username, host: '%' })
  const root = quoteAccount({ user: 'root', host: '127.0.0.1' })
  const statements = [
    `ALTER USER root@localhost ${by(users.root)}`,
    `CREATE USER ${root} ${by(users.root)}`,
    `GRANT ALL ON *.* TO ${root} WITH GRANT OPTION`,
    `GRANT PROXY ON ''@'' TO ${root} WITH GRANT OPTION`,
    'CREATE DATABASE openemr',
    `CREATE USER ${admin} ${by(users.admin)}`,
    `GRANT CREATE USER, PROCESS ON *.* TO ${admin}`,
    `GRANT SELECT ON mysql.* TO ${admin}`,
    `GRANT SELECT ON performance_schema.* TO ${admin}`,
    `GRANT ALL PRIVILEGES ON openemr.* TO ${admin} WITH GRANT OPTION`,
  ]
  return statements.map((statement) => `${statement};\n`).join('')
}
