import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { RotatorError } from '../../errors.ts'

/** Who may do what with a file. */
export interface Permissions {
  /** The permission bits, 0 to 0o7777. */
  readonly mode: number
  /** Untouched where not given. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/**
 * Gives a file its mode, and its owner where one is given. A symbolic link is not followed: on a
 * shared file system it could lead anywhere.
 *
 * @throws ERR_TARGET_MISSING, ERR_TARGET_UNWRITABLE with the errno
 */
export async function setPermissions(path: string, { mode, owner }: Permissions): Promise<void> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    // The owner first: changing it takes the bits for setuid and setgid away.
    if (owner) await file.chown(owner.uid, owner.gid)
    await file.chmod(mode)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (code === 'ENOENT') throw new RotatorError('ERR_TARGET_MISSING', { path }, { cause })
    throw new RotatorError('ERR_TARGET_UNWRITABLE', { path, reason: code }, { cause })
  }
}
