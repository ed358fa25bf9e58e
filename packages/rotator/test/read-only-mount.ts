import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Makes a folder read-only to everybody, root included, until it is disposed. */
export async function readOnly(folder: string): Promise<AsyncDisposable> {
  await run('mount', ['--bind', folder, folder])
  // Who ends by `exit` disposes of nothing, and a mount outlives its process.
  const unmount = (): void => void spawnSync('umount', ['-l', folder])
  process.once('exit', unmount)
  await run('mount', ['-o', 'remount,ro,bind', folder])
  return {
    async [Symbol.asyncDispose]() {
      process.off('exit', unmount)
      await run('umount', ['-l', folder])
    },
  }
}

/** Why nothing can be mounted here; undefined where it can. Tried, because a container may not. */
export function noMounts(): string | undefined {
  if (process.platform !== 'linux') return 'a folder is mounted read-only on Linux only'
  const folder = mkdtempSync(join(tmpdir(), 'cuedot-mount-'))
  const tried = spawnSync('mount', ['--bind', folder, folder], { encoding: 'utf8' })
  if (tried.status === 0) spawnSync('umount', ['-l', folder])
  rmSync(folder, { recursive: true, force: true })
  return tried.status === 0 ? undefined : `nothing can be mounted here: ${tried.stderr.trim()}`
}
