import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Sensitive } from '@cuedot/client/protocol'
import { createSecret } from '../../packages/rotator/src/compose.ts'
import { secretsManagerAdmin } from '../../packages/testkit/src/fakes/secrets-manager-admin.ts'
import { rigCall } from '../../packages/testkit/src/rig/fresh-slots.ts'

/** Where the secrets of a leg are kept. */
export type StoreKind = 'file' | 'secrets-manager'

/** Makes the secret `name`; resolves to the store as `cuedot.yaml` names it. */
export type MakeSecret = (name: string, document: object) => Promise<object>

/** Encrypted files in `dir`. */
export function fileSecrets(dir: string): MakeSecret {
  return async (name, document) => {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const path = join(dir, `${name}.cuedot`)
    const keyFile = join(dir, 'key')
    const value = new Sensitive(JSON.stringify(document), name)
    await createSecret({ path, keyFile, value }, rigCall())
    return { kind: 'file', path, key_file: keyFile }
  }
}

/** Secrets in the fake of Secrets Manager at `endpoint`. */
export function managedSecrets(endpoint: string): MakeSecret {
  return async (name, document) => {
    await secretsManagerAdmin(endpoint).createSecret(name, JSON.stringify(document))
    return { kind: 'secrets-manager', secret: name, region: 'eu-central-1', endpoint }
  }
}

const FAKE = fileURLToPath(new URL('./fake-store.ts', import.meta.url))

/**
 * The fake of Secrets Manager in a process of its own: it keeps every version, and what it keeps
 * must not count as ours.
 */
export async function startFake(): Promise<{ readonly endpoint: string } & Disposable> {
  const child = fork(FAKE, { execArgv: ['--conditions=cuedot-source'] })
  const [endpoint] = await once(child, 'message')
  return { endpoint: String(endpoint), [Symbol.dispose]: () => void child.kill('SIGKILL') }
}
