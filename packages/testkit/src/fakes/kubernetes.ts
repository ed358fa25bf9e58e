import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as send } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { stringify } from 'yaml'
import type {
  KubernetesAnswer,
  KubernetesFixture,
  KubernetesObject,
  KubernetesRequest,
  PodCourse,
} from '../conformance/kubernetes-fixture.ts'
import { makeTestTls } from '../servers/tls.ts'
import type { TestTls } from '../servers/tls.ts'
import { startApi } from './kubernetes-api.ts'
import type { Api, KubernetesFault } from './kubernetes-api.ts'
import { DeploymentController } from './kubernetes-deployments.ts'
import { JobController } from './kubernetes-jobs.ts'
import { Node } from './kubernetes-node.ts'
import { patched } from './kubernetes-patch.ts'
import { ObjectStore } from './kubernetes-store.ts'
import type { Place } from './kubernetes-store.ts'
import { Users } from './kubernetes-users.ts'

/** A namespace of the fake, with what only a fake can do. */
export interface FakeNamespace extends KubernetesFixture {
  /** Verb and resource of every call to the cluster since it started, in order. */
  readonly log: readonly string[]
  fail(fault: KubernetesFault): void
  heal(): void
  /** Merges a patch into an object at once, without a request. */
  edit(place: Place, patch: object): void
  /** Keeps the controller of Deployments from seeing changes until disposed. */
  holdController(): Disposable
  /** Makes a token unknown, as one that expires. */
  revoke(token: string): void
  /** The token in a kubeconfig. */
  tokenOf(kubeconfig: string): string
}

/** A cluster with no object in it. */
export interface FakeCluster extends AsyncDisposable {
  readonly url: string
  readonly tls: TestTls
  /** Makes a namespace; disposing it ends its pods and heals all faults. */
  namespace(): Promise<FakeNamespace>
}

interface Parts {
  readonly store: ObjectStore
  readonly users: Users
  readonly tls: TestTls
  readonly node: Node
  readonly api: Api
  readonly controller: DeploymentController
  readonly courses: Map<string, PodCourse>
  readonly tokens: Map<string, string>
  readonly folder: string
}

/** Starts an API server on 127.0.0.1 over TLS, with controllers and a node. Needs `openssl`. */
export async function startFakeCluster(): Promise<FakeCluster> {
  const store = new ObjectStore()
  const users = new Users()
  const tls = await makeTestTls()
  const node = new Node(store)
  const courses = new Map<string, PodCourse>()
  const courseOf = (namespace: string): PodCourse => courses.get(namespace) ?? 'ready'
  const controller = new DeploymentController(store, node, courseOf)
  const jobs = new JobController(store, node, courseOf)
  const api = await startApi({ store, users, tls, logOf: (place) => node.logOf(place) })
  const folder = await mkdtemp(join(tmpdir(), 'cuedot-kubernetes-'))
  const parts = { store, users, tls, node, api, controller, courses, tokens: new Map(), folder }
  return {
    url: api.url,
    tls,
    namespace: () => makeNamespace(parts),
    async [Symbol.asyncDispose]() {
      await controller.stop()
      await jobs.stop()
      await node.stop()
      await api[Symbol.asyncDispose]()
      await tls[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A namespace of a cluster of its own. */
export async function startFakeKubernetes(): Promise<FakeNamespace> {
  const cluster = await startFakeCluster()
  const namespace = await cluster.namespace()
  return {
    ...namespace,
    async [Symbol.asyncDispose]() {
      await namespace[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
    },
  }
}

async function makeNamespace(parts: Parts): Promise<FakeNamespace> {
  const { store, users, tls, api, controller, courses, tokens } = parts
  const namespace = `test-${randomBytes(4).toString('hex')}`
  return {
    apiUrl: api.url,
    caFile: tls.caFile,
    namespace,
    admin: (request) => ask(parts, request),
    userWith: (rules) => kubeconfig(parts, namespace, users.add('rotator', namespace, rules)),
    strangerConfig: () => kubeconfig(parts, namespace, 'a-token-that-has-expired'),
    setPods: async (course) => void courses.set(namespace, course),
    log: api.log,
    fail: (fault) => api.fail(fault),
    heal: () => api.heal(),
    edit: (place, body) => {
      const contentType = 'application/merge-patch+json'
      const { resource } = place
      store.change(place, (object) => patched(object, { resource, contentType, body }))
    },
    holdController: () => controller.hold(),
    revoke: (token) => users.revoke(token),
    tokenOf: (path) => tokens.get(path) ?? '',
    async [Symbol.asyncDispose]() {
      api.heal()
      for (const resource of ['deployments', 'secrets', 'jobs', 'cronjobs'] as const)
        for (const { metadata } of store.list(resource, namespace))
          store.remove({ resource, namespace, name: metadata.name })
      await Promise.all(
        store
          .list('pods', namespace)
          .map(({ metadata: { name } }) => parts.node.end({ resource: 'pods', namespace, name })),
      )
    },
  }
}

async function kubeconfig(
  { api, tls, tokens, folder }: Parts,
  namespace: string,
  token: string,
): Promise<string> {
  const path = join(folder, `${randomBytes(6).toString('hex')}.yaml`)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server: api.url, 'certificate-authority': tls.caFile } }],
    users: [{ name: 'rotator', user: { token } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'rotator', namespace } }],
    'current-context': 'fake',
  }
  await writeFile(path, stringify(config), { mode: 0o600 })
  tokens.set(path, token)
  return path
}

function ask({ api, tls, users }: Parts, request: KubernetesRequest): Promise<KubernetesAnswer> {
  const { method, path, body } = request
  const patch = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const { promise, resolve, reject } = Promise.withResolvers<KubernetesAnswer>()
  const headers = {
    authorization: `Bearer ${users.admin}`,
    'content-type': request.contentType ?? patch,
  }
  const outgoing = send(api.url + path, { method, headers, ca: tls.ca, agent: false })
  outgoing.once('error', reject)
  outgoing.once('response', (response) => {
    text(response).then((answer) => {
      const parsed = JSON.parse(answer) as KubernetesObject
      resolve({ status: response.statusCode ?? 0, body: parsed })
    }, reject)
  })
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}
