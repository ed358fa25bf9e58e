import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { KubernetesFixture, KubernetesRule } from '../../conformance/kubernetes-fixture.ts'
import { startCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { startNode } from './node.ts'
import type { ClusterNode } from './node.ts'
import type { RunningPod } from './pod.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** Longest wait for the API server to have heard of a new Role; it takes a moment. */
const GRANT_MS = 60_000

/** A namespace of a real cluster. */
export interface RealKubernetes extends KubernetesFixture {
  /** Path of a kubeconfig that may do everything, in this namespace. */
  readonly adminConfig: string
  /** Pods that the node has taken and that are not gone. */
  pods(): readonly RunningPod[]
}

/** A real cluster with a node: what the tests of one file share. */
export interface RealCluster extends AsyncDisposable {
  readonly cluster: Cluster
  /** A namespace that is new. */
  start(): Promise<RealKubernetes>
}

/** Starts etcd, the API server, the controllers and the node. */
export async function startRealCluster(): Promise<RealCluster> {
  await using starting = new AsyncDisposableStack()
  const cluster = starting.use(await startCluster())
  const node = starting.use(await startNode(cluster.admin))
  const running = starting.move()
  return {
    cluster,
    start: () => startNamespace(cluster, node),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function startNamespace(cluster: Cluster, node: ClusterNode): Promise<RealKubernetes> {
  const { admin, url, caFile } = cluster
  const namespace = `test-${randomBytes(6).toString('hex')}`
  const create = (path: string, body: object): Promise<object> =>
    admin.must({ method: 'POST', path, body })
  await create('/api/v1/namespaces', { metadata: { name: namespace } })
  return {
    ...{ apiUrl: url, caFile, namespace },
    adminConfig: await cluster.kubeconfig(cluster.adminToken, namespace),
    admin: (request) => admin.ask(request),
    userWith: (rules) => makeUser(cluster, namespace, rules),
    strangerConfig: () => cluster.kubeconfig(randomBytes(16).toString('hex'), namespace),
    setPods: async (course) => node.setCourse(namespace, course),
    pods: () => node.pods(namespace),
    async [Symbol.asyncDispose]() {
      await node.leave(namespace)
      await admin.must({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
    },
  }
}

/** A ServiceAccount with a Role of these rules and a token that it gets as a pod would. */
async function makeUser(
  cluster: Cluster,
  namespace: string,
  rules: readonly KubernetesRule[],
): Promise<string> {
  const { admin } = cluster
  const name = `user-${randomBytes(6).toString('hex')}`
  const metadata = { name }
  const [core, rbac] = ['/api/v1', `/apis/${RBAC}/v1`].map((at) => `${at}/namespaces/${namespace}`)
  const create = (path: string, body: object): Promise<object> =>
    admin.must({ method: 'POST', path, body })
  await create(`${core}/serviceaccounts`, { metadata })
  await create(`${rbac}/roles`, { metadata, rules })
  await create(`${rbac}/rolebindings`, {
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  })
  const user = `system:serviceaccount:${namespace}:${name}`
  for (const rule of rules) await untilGranted(cluster, { user, namespace, rule })
  const answer = await admin.must({
    method: 'POST',
    path: `${core}/serviceaccounts/${name}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  })
  const { token } = answer['status'] as { readonly token: string }
  return await cluster.kubeconfig(token, namespace)
}

interface Grant {
  readonly user: string
  readonly namespace: string
  readonly rule: KubernetesRule
}

/** The API server reads Roles from a watch: what was granted holds a moment later. */
async function untilGranted({ admin }: Cluster, { user, namespace, rule }: Grant): Promise<void> {
  const [resource, subresource = ''] = rule.resources[0]?.split('/') ?? []
  const resourceAttributes = {
    ...{ namespace, group: rule.apiGroups[0], resource, subresource, verb: rule.verbs[0] },
    name: rule.resourceNames?.[0] ?? '',
  }
  const body = {
    ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' },
    spec: { user, resourceAttributes },
  }
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
  const limit = Date.now() + GRANT_MS
  for (;;) {
    const answer = await admin.must({ method: 'POST', path, body })
    if ((answer['status'] as { readonly allowed: boolean }).allowed) return
    if (Date.now() > limit) throw new Error(`${user} was not granted ${JSON.stringify(rule)}`)
    await pause(20)
  }
}
