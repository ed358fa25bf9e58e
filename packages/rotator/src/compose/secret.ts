import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../errors.ts'
import type { Call } from '../ports/call.ts'

/** A secret that is to be put into a new file store. */
export interface NewFileSecret {
  readonly path: string
  /** Read if it is there, made (mode 0600) if it is not. */
  readonly keyFile: string
  readonly value: Sensitive
}

/**
 * Makes the file of a new secret, its key and their folders (mode 0700) where they are missing.
 *
 * @returns whether the key was made
 * @throws ERR_STORE_CONFLICT when the secret is there already, ERR_STORE_KEY, ERR_STORE_DENIED
 */
export async function createSecret(
  { path, keyFile, value }: NewFileSecret,
  call: Call,
): Promise<{ readonly madeKey: boolean }> {
  const { createFileSecret } = await import('../adapters/file-store/store.ts')
  const { createKeyFile, readKeyFile } = await import('../adapters/file-store/key-file.ts')
  if (existsSync(path))
    throw new RotatorError('ERR_STORE_CONFLICT', { secret: path, operation: 'create' })
  for (const file of [path, keyFile]) await makeFolder(dirname(file))
  const madeKey = !existsSync(keyFile)
  const key = madeKey ? await createKeyFile(keyFile) : await readKeyFile(keyFile)
  await createFileSecret({ path, key }, value, call)
  return { madeKey }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const operation = 'make the folder'
    throw new RotatorError('ERR_STORE_DENIED', { secret: folder, operation }, { cause })
  }
}
