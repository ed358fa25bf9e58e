import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubernetesFixture, StartKubernetes } from '../../conformance/kubernetes-fixture.ts'
import { kubectl } from '../../servers/kubernetes/kubectl.ts'
import type { KubectlEnded } from '../../servers/kubernetes/kubectl.ts'

/** Ready as soon as the file of its first argument is there. */
const WAITS = 'while [ ! -e "$0" ]; do sleep 0.05; done; echo ready; exec sleep 600'

const EVERYTHING = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]

/** A Deployment whose pods get ready when the test says so. */
export interface Gated extends AsyncDisposable {
  readonly kubernetes: KubernetesFixture
  /** Where it is, for a client that may do everything. */
  readonly place: {
    readonly namespace: string
    readonly kubeconfig: string
    readonly name: string
  }
  /** Pods get ready from now on, those that wait among them. */
  open(): Promise<void>
  /** Pods that are made from now on wait. */
  close(): Promise<void>
  /** Which state of the Deployment this is: every change makes another one. */
  version(): Promise<string>
  kubectl(...args: readonly string[]): Promise<KubectlEnded>
}

/** How it rolls. */
export interface GatedSetup {
  /** Default 2. */
  readonly replicas?: number
  /** Seconds. Default 60. */
  readonly progressDeadlineSeconds?: number
}

/** Makes the Deployment and waits until its first pods are ready. */
export async function startGated(start: StartKubernetes, setup: GatedSetup = {}): Promise<Gated> {
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-gate-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  const gate = join(dir, 'open')
  await writeFile(gate, '')
  const kubernetes = starting.use(await start())
  const { namespace, admin } = kubernetes
  const kubeconfig = await kubernetes.userWith(EVERYTHING)
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`
  await admin({ method: 'POST', path: deployments, body: deploymentOf(gate, setup) })
  const ask = (...args: readonly string[]): Promise<KubectlEnded> => kubectl(kubeconfig, ...args)
  const up = await ask('rollout', 'status', 'deployment/web')
  if (up.code !== 0) throw new Error(up.stderr)
  const running = starting.move()
  return {
    kubernetes,
    place: { namespace, kubeconfig, name: 'web' },
    open: () => writeFile(gate, ''),
    close: () => rm(gate),
    async version() {
      const { body } = await admin({ method: 'GET', path: `${deployments}/web` })
      return (body['metadata'] as { readonly resourceVersion: string }).resourceVersion
    },
    kubectl: ask,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function deploymentOf(gate: string, setup: GatedSetup): object {
  const container = { name: 'main', image: 'example.com/a:1', command: ['sh', '-c', WAITS, gate] }
  const labels = { app: 'web' }
  return {
    metadata: { name: 'web' },
    spec: {
      ...{ replicas: 2, progressDeadlineSeconds: 60, ...setup },
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: { containers: [container], terminationGracePeriodSeconds: 1 },
      },
    },
  }
}
