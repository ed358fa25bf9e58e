import { chmod, chown, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serverUser } from '../../../rotator/src/cli/try/postgres-binaries.ts'
import { startChild } from './child.ts'
import { findPooler } from './poolers-get.ts'
import { freePort } from './ports.ts'
import type { TestTls } from './tls.ts'

const EXAMPLE = fileURLToPath(new URL('../../../../examples/pgbouncer/', import.meta.url))

/** A PgBouncer of the test's own, with the configuration of `examples/pgbouncer`. */
export interface PgbouncerServer extends AsyncDisposable {
  readonly host: 'localhost'
  readonly port: number
  /** Everything that it has logged. */
  log(): string
  /** Replaces the file of users and makes PgBouncer read it, as an operator would. */
  writeUsers(users: string): Promise<void>
}

/** How a PgBouncer differs from the example. */
export interface PgbouncerSetup {
  /** Port of the PostgreSQL on localhost. */
  readonly serverPort: number
  /** PgBouncer presents its certificate and trusts its CA for the server. */
  readonly tls: TestTls
  /** Settings over those of the example. An empty text takes a setting away. */
  readonly settings?: Readonly<Record<string, string>>
  /** In place of the example's `userlist.txt`. */
  readonly users?: string
}

/** Starts PgBouncer on a free port of 127.0.0.1, as an unprivileged user where this is root. */
export async function startPgbouncer(setup: PgbouncerSetup): Promise<PgbouncerServer> {
  const program = findPooler('pgbouncer')
  if (program === undefined) throw new Error('there is no PgBouncer on this machine')
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-pgbouncer-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  const port = await freePort()
  const { caFile, certFile, keyFile } = setup.tls
  const files = [caFile, certFile, keyFile].map((file) => join(dir, basename(file)))
  await copyFile(caFile, join(dir, 'ca.pem'))
  await copyFile(certFile, join(dir, 'server.pem'))
  await copyFile(keyFile, join(dir, 'server.key'))
  const list = join(dir, 'userlist.txt')
  const ini = join(dir, 'pgbouncer.ini')
  await writeFile(ini, await configuration(setup, port))
  await writeFile(list, setup.users ?? (await readFile(join(EXAMPLE, 'userlist.txt'), 'utf8')))
  const user = serverUser()
  for (const path of [dir, ini, list, ...files]) {
    await chmod(path, path === dir ? 0o700 : 0o600)
    if (user) await chown(path, user.uid, user.gid)
  }
  const child = await startChild(program, { args: [ini], cwd: dir, user, ready: /process up/ })
  starting.defer(() => child.end())
  const running = starting.move()
  return {
    host: 'localhost',
    port,
    log: () => child.output(),
    async writeUsers(users) {
      await writeFile(list, users)
      child.kill('SIGHUP')
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function configuration(setup: PgbouncerSetup, port: number): Promise<string> {
  const example = await readFile(join(EXAMPLE, 'pgbouncer.ini'), 'utf8')
  const placed = example
    .replace('port=5432', `port=${setup.serverPort}`)
    .replace('listen_port = 6432', `listen_port = ${port}`)
  return Object.entries(setup.settings ?? {}).reduce((text, [name, value]) => {
    const line = new RegExp(`^${name} =.*\n`, 'm')
    const written = value === '' ? '' : `${name} = ${value}\n`
    return line.test(text) ? text.replace(line, written) : `${text}${written}`
  }, placed)
}
