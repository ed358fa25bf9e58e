import { createHash, randomBytes } from 'node:crypto'
import { lstat, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { RotatorError } from '../../errors.ts'

/** How {@link atomicWrite} treats a file that is not there and what killed writers left. */
export interface AtomicWriteOptions {
  /**
   * Permission bits of a file that does not exist yet, not narrowed by the umask; it belongs to
   * this process. Without it a missing file is ERR_TARGET_MISSING. A file that is replaced keeps
   * its own mode and owner.
   */
  readonly createMode?: number
  /**
   * The age in milliseconds from which the temp file of another write of this file counts as left
   * by a killed process and is removed. Default 600,000. 0 where a lock keeps other writers out.
   */
  readonly leftoverMs?: number
}

/** The one regular file that is meant and what it must look like afterwards. */
interface Place {
  readonly path: string
  readonly mode: number
  /** Absent where the file is new: it then belongs to whoever makes it. */
  readonly owner?: Owner
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

const LEFTOVER_MS = 600_000

/**
 * Replaces the content of a file in one step: a reader finds all the old bytes or all the new ones.
 *
 * The new bytes go to a temp file in the same folder, mode 0600 until it is complete and on disk;
 * it then gets the mode and owner of the file it replaces and is renamed over it. Symbolic links
 * are followed and stay. It is a new inode: other hard links keep the old bytes, and access control
 * lists and extended attributes are not carried over. Whatever fails, no temp file is left.
 *
 * @throws ERR_TARGET_MISSING (no such file, folder or link's end), ERR_TARGET_DISK_FULL (ENOSPC,
 *   EDQUOT), ERR_TARGET_UNWRITABLE (everything else; `reason` is the errno, as EBUSY for a file
 *   that is itself a mount point, or `not a regular file`). The old file is then untouched, unless
 *   the last step alone failed, which puts the rename on disk.
 * @see POSIX.1-2024, rename(): the new name exists throughout and refers to the old or the new file
 */
export async function atomicWrite(
  path: string,
  bytes: Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  try {
    const place = await find(path, options.createMode)
    const folder = dirname(place.path)
    const prefix = tempPrefix(place.path)
    await removeLeftovers(folder, prefix, options.leftoverMs ?? LEFTOVER_MS)
    // The extension stays: a web server that would print a `.tmp` file runs a `.php` file.
    const suffix = randomBytes(8).toString('hex') + extname(place.path)
    await replace(join(folder, prefix + suffix), place, bytes)
    await syncFolder(folder)
  } catch (error) {
    throw classify(error, path)
  }
}

async function find(path: string, createMode: number | undefined): Promise<Place> {
  if (createMode !== undefined && !(await exists(path)))
    return { path: join(await realpath(dirname(path)), basename(path)), mode: createMode }
  const real = await realpath(path)
  const status = await stat(real)
  if (!status.isFile())
    throw new RotatorError('ERR_TARGET_UNWRITABLE', { path, reason: 'not a regular file' })
  return { path: real, mode: status.mode & 0o7777, owner: status }
}

/** True also for a symbolic link that leads nowhere: a file is never made at its end. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Short, whatever the file is called, and the same for every write of one file. */
function tempPrefix(path: string): string {
  const name = createHash('sha256').update(basename(path)).digest('hex').slice(0, 16)
  return `.cuedot-${name}-`
}

async function replace(temp: string, place: Place, bytes: Uint8Array): Promise<void> {
  const file = await open(temp, 'wx', 0o600)
  try {
    try {
      await fill(file, place, bytes)
    } finally {
      // Network file systems may report a full disk only here.
      await file.close()
    }
    await rename(temp, place.path)
  } catch (error) {
    // The first failure is the one to report; the next write tries to remove this file again.
    await unlink(temp).catch(() => undefined)
    throw error
  }
}

async function fill(file: FileHandle, place: Place, bytes: Uint8Array): Promise<void> {
  await file.chmod(0o600)
  await file.writeFile(bytes)
  const { size, uid, gid } = await file.stat()
  if (size !== bytes.length)
    throw new RotatorError('ERR_TARGET_UNWRITABLE', { path: place.path, reason: 'short write' })
  // Before the mode is opened: whoever may read must be of the old file's owner and group.
  if (place.owner && (place.owner.uid !== uid || place.owner.gid !== gid))
    await file.chown(place.owner.uid, place.owner.gid)
  await file.chmod(place.mode)
  await file.sync()
}

/** File systems that cannot put a folder on disk, or folders we may not open, are left to it. */
const NO_FOLDER_SYNC: ReadonlySet<string> = new Set([
  'EACCES',
  'EINVAL',
  'EISDIR',
  'ENOTSUP',
  'EPERM',
])

async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(errnoOf(error))) throw error
  }
}

/** A process killed between two system calls leaves a temp file with a secret in it. */
async function removeLeftovers(folder: string, prefix: string, ageMs: number): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((entry) => entry.startsWith(prefix))) {
    const path = join(folder, name)
    const status = await stat(path).catch(() => undefined)
    // Another writer may remove it first, and what cannot be removed does not hinder this write.
    if (status && Date.now() - status.mtimeMs >= ageMs) await unlink(path).catch(() => undefined)
  }
}

function classify(error: unknown, path: string): RotatorError {
  if (error instanceof RotatorError) return error
  const errno = errnoOf(error)
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new RotatorError('ERR_TARGET_MISSING', { path }, { cause: error })
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new RotatorError('ERR_TARGET_DISK_FULL', { path }, { cause: error })
  return new RotatorError('ERR_TARGET_UNWRITABLE', { path, reason: errno }, { cause: error })
}

/** The errno of a system error, as `ENOSPC`; `unknown` where there is none. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}
