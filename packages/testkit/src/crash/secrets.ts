import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import { createKeyFile } from '../../../rotator/src/adapters/file-store/key-file.ts'
import { createFileSecret, fileStore } from '../../../rotator/src/adapters/file-store/store.ts'
import { secretsManagerAdmin } from '../fakes/secrets-manager-admin.ts'
import type { FakeSecretsManager } from '../fakes/secrets-manager.ts'

/** The secrets of a world: the slots' and the admin's. */
export const SECRETS = ['slots', 'admin'] as const

/** One of {@link SECRETS}. */
export type SecretName = (typeof SECRETS)[number]

const LABELS = ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'] as const

/** One labelled version of a secret, in clear. */
export interface Labelled {
  readonly secret: SecretName
  readonly label: (typeof LABELS)[number]
  readonly text: string
}

/** The secrets as a test makes and reads them, past everything that the rotator does. */
export interface Secrets {
  /** For `store:` in the configuration. */
  config(secret: SecretName): object
  labelled(): Promise<readonly Labelled[]>
  /** Makes this document the current version. Nothing may be pending. */
  put(secret: SecretName, document: object): Promise<void>
}

const call = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(10_000) })

/** Encrypted files in `folder`, their key in `keys` beside them. */
export async function fileSecrets(
  places: { readonly folder: string; readonly keys: string },
  documents: Readonly<Record<SecretName, object>>,
): Promise<Secrets> {
  await mkdir(places.keys, { recursive: true, mode: 0o700 })
  const keyFile = join(places.keys, 'key')
  const key = await createKeyFile(keyFile)
  const path = (secret: SecretName): string => join(places.folder, `${secret}.cuedot`)
  for (const secret of SECRETS) {
    const value = new Sensitive(JSON.stringify(documents[secret]), secret)
    await createFileSecret({ path: path(secret), key }, value, call())
  }
  return {
    config: (secret) => ({ kind: 'file', path: path(secret), key_file: keyFile }),
    labelled: () =>
      eachLabel(async (secret, label) => {
        const version = await fileStore({ path: path(secret), key }).version(label, call())
        return version?.value.reveal()
      }),
    async put(secret, document) {
      const store = fileStore({ path: path(secret), key })
      const { current } = await store.read(call())
      const value = new Sensitive(JSON.stringify(document), secret)
      const { id } = await store.stage(value, randomUUID(), call())
      await store.promote(id, current.id, call())
    },
  }
}

/** The fake of Secrets Manager, and what is in it already. */
export interface FakePlaces {
  readonly fake: FakeSecretsManager
  /** The address at which the rotator reaches it. */
  readonly seenByCli: string
  /** Name of the admin's secret where somebody else has made it. Default: it is made. */
  readonly admin?: string
}

/** Secrets in the fake of Secrets Manager; the rotator reaches it by another address. */
export async function fakeSecrets(
  { fake, seenByCli: endpoint, admin: made }: FakePlaces,
  documents: Readonly<Record<SecretName, object>>,
): Promise<Secrets> {
  const admin = secretsManagerAdmin(fake.endpoint)
  const nameOf = (secret: SecretName): string => (secret === 'admin' && made ? made : secret)
  for (const secret of SECRETS)
    if (nameOf(secret) !== made) await admin.createSecret(secret, JSON.stringify(documents[secret]))
  return {
    config: (secret) => {
      const where = { region: 'eu-central-1', endpoint }
      return { kind: 'secrets-manager', secret: nameOf(secret), ...where }
    },
    labelled: () => eachLabel(async (secret, label) => fake.peek(nameOf(secret), label)),
    put: async (secret, document) => {
      const request = { SecretId: nameOf(secret), SecretString: JSON.stringify(document) }
      await admin.call('PutSecretValue', { ...request, ClientRequestToken: randomUUID() })
    },
  }
}

async function eachLabel(
  read: (secret: SecretName, label: Labelled['label']) => Promise<string | undefined>,
): Promise<readonly Labelled[]> {
  const found: Labelled[] = []
  for (const secret of SECRETS) {
    for (const label of LABELS) {
      const text = await read(secret, label)
      if (text !== undefined) found.push({ secret, label, text })
    }
  }
  return found
}
