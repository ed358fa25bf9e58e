import { execFile, spawnSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A folder that can be filled to the last byte. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string
  /** Until {@link free}, nobody can write a byte more. */
  fill(): Promise<void>
  free(): Promise<void>
}

/** Why there can be no small disk here; undefined where there can. */
export function noSmallDisk(): string | undefined {
  if (process.platform !== 'linux') return 'a disk of memory is mounted on Linux only'
  return process.getuid?.() === 0 ? undefined : 'only root may mount a disk of memory'
}

const BYTES = 512 * 1024

/** Mounts a file system in memory at `folder`, which is made. */
export async function mountSmallDisk(folder: string): Promise<SmallDisk> {
  await mkdir(folder)
  await run('mount', ['-t', 'tmpfs', '-o', `size=${BYTES},mode=700`, 'tmpfs', folder])
  // Who ends by `exit` disposes of nothing, and a mount outlives its process.
  const unmount = (): void => void spawnSync('umount', ['-l', folder])
  process.once('exit', unmount)
  const filler = join(folder, 'filler')
  return {
    folder,
    fill: async () => {
      const code = await writeFile(filler, Buffer.alloc(BYTES + 1)).then(
        () => 'it took everything',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : 'unknown'),
      )
      if (code !== 'ENOSPC') throw new Error(`the small disk is not full: ${String(code)}`)
    },
    free: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      process.off('exit', unmount)
      await run('umount', ['-l', folder])
    },
  }
}
