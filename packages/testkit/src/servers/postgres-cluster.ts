import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { failure, programRunner } from '../../../rotator/src/cli/try/postgres-process.ts'

/** Where a cluster is and what runs it. */
export interface Cluster {
  /** The folder with the cluster in `data`. */
  readonly dir: string
  /** The folder with `postgres`. */
  readonly binaries: string
  readonly port: number
}

/** A server on a cluster that was there before. */
export interface RunningCluster {
  /** Ends it at once, as a crash would, and waits for its end. */
  stop(): Promise<void>
}

/** Longest wait for a server that recovers. */
const START_MS = 30_000

/** Starts a server on a cluster and waits until it takes connections; a hot standby does, too. */
export async function runCluster({ dir, binaries, port }: Cluster): Promise<RunningCluster> {
  const logFile = join(dir, 'postgres.log')
  const run = programRunner({ binaries, dir, logFile })
  const server = run('postgres', ['-D', join(dir, 'data'), '-p', String(port)])
  const kill = (): void => server.kill('SIGQUIT')
  process.once('exit', kill)
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    kill()
    await server.ended
  }
  const limit = Date.now() + START_MS
  while (!(await isReady(dir))) {
    if (server.end !== undefined || Date.now() > limit) {
      await stop()
      throw new Error(await failure('postgres', server.end ?? 'no success in time', logFile))
    }
    await pause(10)
  }
  return { stop }
}

/** As line 8 of postmaster.pid says. Source: PostgreSQL's src/include/utils/pidfile.h. */
async function isReady(dir: string): Promise<boolean> {
  const lines = await readFile(join(dir, 'data/postmaster.pid'), 'utf8').catch(() => '')
  return lines.split('\n')[7]?.trim() === 'ready'
}
