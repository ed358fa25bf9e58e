/**
 * A process that outlives the demo by a moment: when the demo is gone without a word (SIGKILL), it
 * ends what the demo has started and removes the demo's folder.
 */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** What the demo tells the guard. */
export type GuardMessage =
  | { readonly kind: 'folder'; readonly path: string; readonly keep: boolean }
  /** Leader of a process group that must not outlive the demo. */
  | { readonly kind: 'watch' | 'unwatch'; readonly pid: number }
  | { readonly kind: 'release' }

const groups = new Set<number>()
let folder: { readonly path: string; readonly keep: boolean } | undefined

function take(message: GuardMessage): void {
  if (message.kind === 'folder') folder = message
  else if (message.kind === 'watch') groups.add(message.pid)
  else if (message.kind === 'unwatch') groups.delete(message.pid)
  else process.exit(0)
}

/** SIGQUIT ends PostgreSQL at once. Source: its documentation, "Shutting Down the Server". */
async function cleanUp(): Promise<void> {
  for (const pid of groups) signal(-pid, 'SIGKILL')
  if (!folder) return
  const { path } = folder
  const postgres = postmaster(path)
  if (postgres !== undefined) signal(postgres, 'SIGQUIT')
  // It removes the file as its last act. Nobody may have waited for it, so its id may stay.
  for (let tries = 0; tries < 100 && postmaster(path) !== undefined; tries += 1) await delay(50)
  if (!folder.keep) await rm(folder.path, { recursive: true, force: true, maxRetries: 5 })
}

/** The first line of postmaster.pid is the server's process id. */
function postmaster(path: string): number | undefined {
  try {
    const pid = Number.parseInt(
      readFileSync(join(path, 'postgres/data/postmaster.pid'), 'utf8'),
      10,
    )
    return Number.isInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    // No file: the server does not run.
    return undefined
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It is gone, and that is what is wanted.
  }
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined)
process.on('message', take)
process.once('disconnect', () => void cleanUp().finally(() => process.exit(0)))
