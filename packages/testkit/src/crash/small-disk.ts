import { execFile, spawnSync } from 'node:child_process'
import { mkdir, open, rm } from 'node:fs/promises'
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

const KIB = 512
/** At once, for a filler that may be large. */
const CHUNK = Buffer.alloc(1024 * 1024)
/** More than any disk of memory here has. */
const MOST_CHUNKS = 1024

/** Mounts a file system of `kib` KiB in memory at `folder`, which is made. Default: 512. */
export async function mountSmallDisk(folder: string, kib: number = KIB): Promise<SmallDisk> {
  await mkdir(folder)
  await run('mount', ['-t', 'tmpfs', '-o', `size=${kib}k,mode=700`, 'tmpfs', folder])
  // Who ends by `exit` disposes of nothing, and a mount outlives its process.
  const unmount = (): void => void spawnSync('umount', ['-l', folder])
  process.once('exit', unmount)
  const filler = join(folder, 'filler')
  return {
    folder,
    async fill() {
      const code = await writeUntilFull(filler)
      if (code !== 'ENOSPC') throw new Error(`the small disk is not full: ${code}`)
    },
    free: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      process.off('exit', unmount)
      await run('umount', ['-l', folder])
    },
  }
}

/** @returns the code of the error that ended it */
async function writeUntilFull(path: string): Promise<string> {
  await using file = await open(path, 'a')
  for (let chunks = 0; chunks < MOST_CHUNKS; chunks++) {
    const code = await file.write(CHUNK).then(
      () => undefined,
      (error: unknown) => (isNoSpace(error) ? 'ENOSPC' : 'another error'),
    )
    if (code !== undefined) return code
  }
  return 'it took everything'
}

function isNoSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC'
}
