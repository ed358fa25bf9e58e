import { randomBytes } from 'node:crypto'
import { open, writeFile } from 'node:fs/promises'
import { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../errors.ts'
import { errnoOf } from '../common/atomic-write.ts'
import type { Key } from './envelope.ts'

/** 32 bytes in base64, padded, and possibly a line end. */
const KEY_TEXT = /^[A-Za-z0-9+/]{43}=\r?\n?$/

/** Anybody but the owner. */
const OTHERS = 0o077

/**
 * Reads the key of a file store: 32 bytes in base64, as `openssl rand -base64 32` prints them.
 * @throws ERR_STORE_KEY when the file is missing, unreadable or malformed, or when its group or
 *   others may read or write it (not checked on Windows); `secret` is then the path
 */
export async function readKeyFile(path: string): Promise<Key> {
  const text = await readPrivate(path)
  if (!KEY_TEXT.test(text)) throw wrong(path, 'not 32 bytes in base64')
  return new Sensitive<Uint8Array>(Buffer.from(text, 'base64'), `key in ${path}`)
}

/**
 * Makes a key file with a new random key, mode 0600, and returns the key.
 * @throws ERR_STORE_KEY when there is a file already, or none can be made
 */
export async function createKeyFile(path: string): Promise<Key> {
  const bytes = randomBytes(32)
  try {
    await writeFile(path, `${bytes.toString('base64')}\n`, { flag: 'wx', mode: 0o600, flush: true })
  } catch (error) {
    throw wrong(path, `cannot be made: ${errnoOf(error)}`)
  }
  return new Sensitive<Uint8Array>(bytes, `key in ${path}`)
}

async function readPrivate(path: string): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw wrong(path, `cannot be read: ${errnoOf(error)}`)
  })
  try {
    const status = await file.stat()
    if (!status.isFile()) throw wrong(path, 'not a regular file')
    if (process.platform !== 'win32' && (status.mode & OTHERS) !== 0)
      throw wrong(path, 'its group or others may read it: chmod 600')
    if (status.size > 1024) throw wrong(path, 'not 32 bytes in base64')
    return await file.readFile('latin1')
  } finally {
    await file.close()
  }
}

function wrong(path: string, problem: string): RotatorError {
  return new RotatorError('ERR_STORE_KEY', { secret: path, problem })
}
