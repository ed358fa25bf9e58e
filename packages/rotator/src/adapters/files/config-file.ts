import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { RotatorError } from '../../errors.ts'
import { errnoOf } from '../common/atomic-write.ts'

/** A config file of an application is small; whatever is larger is some other file. */
const MAX_BYTES = 1024 * 1024

/**
 * The bytes of a config file. The limit is 1 MiB.
 *
 * Opened without blocking, so that a FIFO under that name is refused and not waited for.
 * @throws ERR_TARGET_MISSING (also when a folder on the way is missing), ERR_TARGET_UNREADABLE
 *   (errno in `reason`, or not a regular file), ERR_TARGET_UNPARSABLE (too large, or holds a NUL
 *   byte and so is no text)
 */
export async function readConfigFile(path: string): Promise<Buffer> {
  const bytes = await readBytes(path)
  const nul = bytes.indexOf(0)
  if (nul === -1) return bytes
  const line = lineAt(bytes.toString('latin1'), nul)
  throw new RotatorError('ERR_TARGET_UNPARSABLE', { path, line, problem: 'binary: a NUL byte' })
}

async function readBytes(path: string): Promise<Buffer> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const status = await file.stat()
    if (!status.isFile()) throw unreadable(path, 'not a regular file')
    if (status.size > MAX_BYTES)
      throw new RotatorError('ERR_TARGET_UNPARSABLE', { path, line: 1, problem: 'over 1 MiB' })
    return await file.readFile()
  } catch (cause) {
    if (cause instanceof RotatorError) throw cause
    const errno = errnoOf(cause)
    if (errno === 'ENOENT' || errno === 'ENOTDIR')
      throw new RotatorError('ERR_TARGET_MISSING', { path }, { cause })
    throw unreadable(path, errno, cause)
  } finally {
    await file?.close()
  }
}

function unreadable(path: string, reason: string, cause?: unknown): RotatorError {
  return new RotatorError('ERR_TARGET_UNREADABLE', { path, reason }, { cause })
}

/** The line, counted from 1, in which an offset stands. */
export function lineAt(source: string, offset: number): number {
  let line = 1
  for (let at = source.indexOf('\n'); at !== -1 && at < offset; at = source.indexOf('\n', at + 1))
    line += 1
  return line
}
