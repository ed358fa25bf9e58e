import { upstreamRules } from '../../conformance/kubernetes-fixture.ts'
import type { RealCluster, RealKubernetes } from '../../servers/kubernetes/fixture.ts'
import { kubectl } from '../../servers/kubernetes/kubectl.ts'
import { mariadbRig } from '../mariadb.ts'
import { startRig } from '../rig.ts'
import type { Rig } from '../rig.ts'
import { APP_NAMES, createApp } from './objects.ts'
import type { AppOptions } from './objects.ts'
import { Visitors } from './visitors.ts'

/** A rig whose consumer is a Deployment that takes the credential from a Secret. */
export interface KubernetesWorld extends AsyncDisposable {
  readonly kubernetes: RealKubernetes
  readonly rig: Rig
  /** Already under way. */
  readonly visitors: Visitors
  /** The Deployment as the API server has it. */
  deployment(): Promise<RolledDeployment>
  /** The texts of the Secret. */
  secret(): Promise<Readonly<Record<string, string>>>
}

/** A Deployment, as far as a test looks into it. */
export interface RolledDeployment {
  readonly metadata: { readonly generation: number }
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
    }
  }
}

/**
 * MariaDB, an application of some replicas under load, and a target that publishes to its Secret
 * and rolls its Deployment as an account with {@link upstreamRules} and nothing more.
 */
export async function startWorld(
  cluster: RealCluster,
  options: AppOptions,
): Promise<KubernetesWorld> {
  await using starting = new AsyncDisposableStack()
  const kubernetes = starting.use(await cluster.start())
  const { namespace } = kubernetes
  const kubeconfig = await kubernetes.userWith(upstreamRules(APP_NAMES))
  const target = targetOf(namespace, kubeconfig)
  const rig = starting.use(await startRig(await mariadbRig(), 'alternating', { target }))
  await createApp(kubernetes, rig.engine, options)
  const { secret, deployment } = APP_NAMES
  const up = await kubectl(kubernetes.adminConfig, 'rollout', 'status', `deploy/${deployment}`)
  if (up.code !== 0) throw new Error(`the application does not start: ${up.stderr}`)
  const visitors = new Visitors(kubernetes)
  visitors.start()
  starting.defer(() => visitors.stop())
  const running = starting.move()
  const apps = `/apis/apps/v1/namespaces/${namespace}`
  const get = async (path: string): Promise<unknown> =>
    (await kubernetes.admin({ method: 'GET', path })).body
  return {
    ...{ kubernetes, rig, visitors },
    deployment: async () => (await get(`${apps}/deployments/${deployment}`)) as RolledDeployment,
    async secret() {
      const found = await get(`/api/v1/namespaces/${namespace}/secrets/${secret}`)
      const { data } = found as { readonly data: Readonly<Record<string, string>> }
      const text = (value: string): string => Buffer.from(value, 'base64').toString('utf8')
      return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, text(value)]))
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** What stands in `cuedot.yaml`. */
function targetOf(namespace: string, kubeconfig: string): Readonly<Record<string, unknown>> {
  const { secret, deployment } = APP_NAMES
  const place = { namespace, kubeconfig }
  const keys = { username: 'username', password: 'password' }
  const waits = { limit: '90s', poll: '100ms' }
  return {
    publish: [{ id: 'secret', kind: 'kubernetes-secret', ...place, name: secret, keys }],
    roll: [{ id: 'web', kind: 'kubernetes-deployment', ...place, name: deployment, ...waits }],
  }
}
