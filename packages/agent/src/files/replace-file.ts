import { createHash, randomBytes } from 'node:crypto'
import { lstat, open, readFile, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const MODE = 0o600

/**
 * Makes a file hold these bytes, mode 0600, in one step: a reader finds all the former bytes or all
 * the new ones. The new ones stand in a hidden file of the same folder and mode until they are on
 * disk; whatever fails, that file is removed. A symbolic link is replaced, not followed.
 *
 * @returns false when the file holds them already, and is left as it is
 * @see POSIX.1-2024, rename(): the new name exists throughout and refers to the old or the new file
 */
export async function replaceFile(path: string, bytes: Buffer): Promise<boolean> {
  if (await holds(path, bytes)) return false
  const temp = join(dirname(path), prefixOf(path) + randomBytes(8).toString('hex'))
  try {
    await using file = await open(temp, 'wx', MODE)
    await file.chmod(MODE)
    await file.writeFile(bytes)
    await file.sync()
    await rename(temp, path)
  } catch (error) {
    await unlink(temp).catch(() => undefined)
    throw error
  }
  return true
}

/** Removes what killed agents have left beside a file. No other agent may write it. */
export async function removeLeftovers(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => [])
  const left = names.filter((name) => name.startsWith(prefixOf(path)))
  // What cannot be removed does not hinder the agent.
  await Promise.all(left.map((name) => unlink(join(dirname(path), name)).catch(() => undefined)))
}

async function holds(path: string, bytes: Buffer): Promise<boolean> {
  const status = await lstat(path).catch(() => undefined)
  if (status?.isFile() !== true || (status.mode & 0o7777) !== MODE) return false
  if (status.size !== bytes.length) return false
  return bytes.equals(await readFile(path))
}

/** Short, whatever the file is called, and the same for every write of one file. */
function prefixOf(path: string): string {
  return `.cuedot-${createHash('sha256').update(basename(path)).digest('hex').slice(0, 16)}-`
}
