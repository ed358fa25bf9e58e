import { execFile } from 'node:child_process'
import { chmod, copyFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { serverUser } from '../../../rotator/src/cli/try/postgres-binaries.ts'
import { freePort } from './ports.ts'
import { runCluster } from './postgres-cluster.ts'
import type { TestPostgres } from './postgres.ts'
import type { TestTls } from './tls.ts'

const run = promisify(execFile)

/** A hot standby that follows a server over streaming replication. */
export interface TestStandby extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  readonly dir: string
  /** Runs a statement as the superuser and returns its rows. */
  ask(statement: string): Promise<readonly (readonly unknown[])[]>
  /** What has arrived stays unseen from now on, as on a replica that lags. */
  hold(): Promise<void>
  /** Cuts it off from its primary: what that does from now on never arrives. */
  cutOff(): Promise<void>
  /** Makes it a server that is written to, and waits until it is. */
  promote(): Promise<void>
}

/**
 * Copies a running server and lets the copy follow it.
 * Source: PostgreSQL documentation, "Making a Base Backup Using the Low Level API".
 */
export async function startStandby(primary: TestPostgres, tls: TestTls): Promise<TestStandby> {
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-standby-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  await copyData(primary, dir)
  await follow(primary, { dir, tls })
  const port = await freePort()
  const server = await runCluster({ dir, binaries: primary.binaries, port })
  starting.defer(() => server.stop())
  const ask: TestStandby['ask'] = async (statement) => {
    const { username, password } = primary.superuser
    const client = new pg.Client({
      ...{ host: '127.0.0.1', port, database: 'app', ssl: { ca: tls.ca } },
      ...{ user: username, password: password.reveal() },
    })
    await client.connect()
    try {
      const { rows } = await client.query<unknown[]>({ text: statement, rowMode: 'array' })
      return rows
    } finally {
      await client.end()
    }
  }
  const running = starting.move()
  return {
    ...{ host: '127.0.0.1', port, dir, ask },
    hold: async () => void (await ask('SELECT pg_wal_replay_pause()')),
    async cutOff() {
      // Or it would wait for the standby with every commit, where it has been told to.
      await primary.sql('ALTER SYSTEM RESET synchronous_standby_names', 'SELECT pg_reload_conf()')
      await ask("ALTER SYSTEM SET primary_conninfo = ''")
      await ask('SELECT pg_reload_conf()')
    },
    promote: async () => void (await ask('SELECT pg_promote(true, 30)')),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Files of the running server that a copy must not have. */
const LEFT_OUT: ReadonlySet<string> = new Set(['postmaster.pid', 'postmaster.opts'])

async function copyData(primary: TestPostgres, dir: string): Promise<void> {
  const { superuser } = primary
  const client = await primary.connect(superuser, 'copy')
  try {
    await client.query("SELECT pg_backup_start('standby', true)")
    const filter = (path: string): boolean => !LEFT_OUT.has(basename(path))
    await cp(join(primary.dir, 'data'), join(dir, 'data'), { recursive: true, filter })
    const { rows } = await client.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(false)',
    )
    await writeFile(join(dir, 'data/backup_label'), rows[0]?.labelfile ?? '')
  } finally {
    await client.end()
  }
}

/** Tells the copy whom to follow, and gives it to the user who will run it. */
async function follow(
  { port, superuser }: TestPostgres,
  { dir, tls }: { readonly dir: string; readonly tls: TestTls },
): Promise<void> {
  const [data, ca] = [join(dir, 'data'), join(dir, 'ca.pem')]
  await copyFile(tls.caFile, ca)
  const where = `host=localhost port=${port} sslmode=verify-full sslrootcert=${ca}`
  const who = `user=${superuser.username} password=${superuser.password.reveal()}`
  const login = `${who} sslcertmode=disable`
  const line = `primary_conninfo = '${where} ${login}'\n`
  await writeFile(join(data, 'postgresql.auto.conf'), line, { flag: 'a' })
  await writeFile(join(data, 'standby.signal'), '')
  await chmod(data, 0o700)
  const user = serverUser()
  if (user) await run('chown', ['-R', `${user.uid}:${user.gid}`, dir])
}
