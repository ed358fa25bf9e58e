import { open } from 'node:fs/promises'
import type { CredentialSource } from '../credentials/source.ts'

/** No secret is longer: AWS takes 65,536 bytes, Kubernetes a mebibyte for all keys together. */
const MAX_BYTES = 1_048_576

/**
 * A file that holds a document as JSON: a mounted key of a Kubernetes Secret, or what an agent
 * writes. It is read anew each time. Its version is told by inode and time of change, so a writer
 * has to put another file in its place, as Kubernetes, cuedot and every atomic write do; one that
 * is written over while it is read may be cut off, and then what was held before is served.
 * Every stage but AWSCURRENT is rejected.
 *
 * @see Kubernetes documentation, "Secrets", "Mounted Secrets are updated automatically":
 *   eventually, and never for a `subPath`
 */
export function credentialFile(path: string): CredentialSource {
  return async ({ stage }) => {
    if (stage !== 'AWSCURRENT') throw new Error(`a file has no ${stage}`)
    await using file = await open(path, 'r')
    const { ino, mtimeMs, size } = await file.stat()
    if (size > MAX_BYTES) throw new Error(`${path} is longer than any secret`)
    return { versionId: `${ino}-${mtimeMs}`, value: await file.readFile('utf8') }
  }
}
