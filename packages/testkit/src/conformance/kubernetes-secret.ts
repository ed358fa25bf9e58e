import { expect } from 'vitest'
import type { Credential } from '@cuedot/client/protocol'
import type { ConfigTarget } from '../../../rotator/src/ports/config-target.ts'
import type { ConfigTargetFixture } from './config-target.ts'
import { upstreamRules } from './kubernetes-fixture.ts'
import type { KubernetesFixture, KubernetesObject, KubernetesRule } from './kubernetes-fixture.ts'

/** The names that openemr-on-eks gives; it has no key for the port. */
export const OPENEMR_KEYS = {
  username: 'mysql-user',
  password: 'mysql-password',
  host: 'mysql-host',
  dbname: 'mysql-database',
} as const

/** The Secret of every test. */
export const SECRET = 'openemr-db-credentials'

/** Where the Secret is, as an adapter needs it. */
export interface SecretAccess {
  readonly id: string
  readonly namespace: string
  readonly name: string
  readonly keys: typeof OPENEMR_KEYS
  readonly kubeconfig: string
}

/** The adapter under test. */
export type MakeSecretTarget = (access: SecretAccess) => ConfigTarget

/** Keys of the Secret that nobody may touch. */
const OTHERS = { 'redis-password': base64('not ours'), binary: '//79AA==' }

/** Where the API has the Secret of a namespace. */
export function secretPath(namespace: string, name: string = SECRET): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`
}

/** The text as a Secret holds it. */
export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}

/** The values of the mapped keys. */
export function secretData({ username, password, host, dbname }: Credential): KubernetesObject {
  return {
    'mysql-user': base64(username),
    'mysql-password': base64(password.reveal()),
    'mysql-host': base64(host),
    'mysql-database': base64(dbname),
  }
}

/** Makes the Secret with keys of others beside the credential. `more`: as `immutable`. */
export async function createSecret(
  kubernetes: KubernetesFixture,
  credential: Credential,
  more: KubernetesObject = {},
): Promise<void> {
  const path = secretPath(kubernetes.namespace, '').slice(0, -1)
  const metadata = { name: SECRET, labels: { app: 'openemr' }, annotations: { note: 'kept' } }
  const data = { ...OTHERS, ...secretData(credential) }
  const body = { metadata, type: 'Opaque', data, ...more }
  const { status } = await kubernetes.admin({ method: 'POST', path, body })
  expect(status).toBe(201)
}

/** The Secret as the API server has it. */
export async function readSecret(kubernetes: KubernetesFixture): Promise<KubernetesObject> {
  const path = secretPath(kubernetes.namespace)
  const { status, body } = await kubernetes.admin({ method: 'GET', path })
  expect(status).toBe(200)
  return body
}

/** What a fixture is made of. */
export interface SecretFixtureOptions {
  readonly kubernetes: KubernetesFixture
  readonly make: MakeSecretTarget
  readonly initial: Credential
  /** Makes writes fail until disposed; absent where that cannot be arranged. */
  readonly breakWrites?: () => AsyncDisposable
}

/** Starts what `conformance/config-target.ts` needs, over a Secret of openemr-on-eks's shape. */
export async function secretFixture(options: SecretFixtureOptions): Promise<ConfigTargetFixture> {
  const { kubernetes, make, initial, breakWrites } = options
  await createSecret(kubernetes, initial)
  const target = make(await secretAccess(kubernetes))
  const path = secretPath(kubernetes.namespace)
  return {
    target,
    carries: ['host', 'dbname'],
    everything: async () => (await readSecret(kubernetes))['data'],
    expected: (credential) => ({ ...OTHERS, ...secretData(credential) }),
    stamp: async () => String(metadataOf(await readSecret(kubernetes))['resourceVersion']),
    attributes: async () => {
      const { type, ...secret } = await readSecret(kubernetes)
      const { labels, annotations, uid, name } = metadataOf(secret)
      return { type, labels, annotations, uid, name }
    },
    leftovers: async () => {
      const { body } = await kubernetes.admin({ method: 'GET', path: path.replace(/\/[^/]+$/, '') })
      const names = (body['items'] as KubernetesObject[]).map((item) => metadataOf(item)['name'])
      return names.map(String).filter((name) => name !== SECRET && !isTokenOfAccount(name))
    },
    breakWrites: async () => breakWrites?.() ?? 'a real API server does not fail on demand',
    remove: async () => void (await kubernetes.admin({ method: 'DELETE', path })),
    [Symbol.asyncDispose]: () => kubernetes[Symbol.asyncDispose](),
  }
}

/** Controllers of older clusters make such Secrets in every namespace. */
function isTokenOfAccount(name: string): boolean {
  return name.startsWith('default-token-')
}

/** How a user with these rules gets at the Secret. Default: the Role of openemr-on-eks. */
export async function secretAccess(
  kubernetes: KubernetesFixture,
  rules: readonly KubernetesRule[] = upstreamRules({ secret: SECRET, deployment: 'openemr' }),
): Promise<SecretAccess> {
  const { namespace } = kubernetes
  const kubeconfig = await kubernetes.userWith(rules)
  return { id: 'secret', namespace, name: SECRET, keys: OPENEMR_KEYS, kubeconfig }
}

/** The metadata of an object. */
export function metadataOf(object: KubernetesObject): KubernetesObject {
  return (object['metadata'] ?? {}) as KubernetesObject
}
