import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  createDeployment,
  deploymentAccess,
  deploymentFixture,
  openemrRules,
  readDeployment,
} from '../../testkit/src/conformance/kubernetes-deployment.ts'
import type { DeploymentOptions } from '../../testkit/src/conformance/kubernetes-deployment.ts'
import { kubernetesDeploymentSuite } from '../../testkit/src/conformance/kubernetes-rolls.ts'
import { call } from '../../testkit/src/conformance/kubernetes-secret-suite.ts'
import { runtimeConformance } from '../../testkit/src/conformance/runtime.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster, FakeNamespace } from '../../testkit/src/fakes/kubernetes.ts'
import { deploymentRuntime } from '../src/adapters/kubernetes/deployment-runtime.ts'
import type { Runtime } from '../src/ports/runtime.ts'
import { judged } from './runtime-tools.ts'

const PACE = { limitMs: 20_000, pollMs: 20 }
const TOKEN = 'roll:1'

let cluster: FakeCluster

beforeAll(async () => {
  cluster = await startFakeCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

runtimeConformance(
  'a Deployment of the fake Kubernetes',
  async () =>
    deploymentFixture(await cluster.namespace(), deploymentRuntime, { ...PACE, limitMs: 3000 }),
  { courses: ['done', 'failed', 'endless'], remembers: true },
)

kubernetesDeploymentSuite('the fake Kubernetes', {
  start: () => cluster.namespace(),
  make: deploymentRuntime,
  pace: PACE,
})

async function begun(
  options: DeploymentOptions = {},
): Promise<{ kubernetes: FakeNamespace; runtime: Runtime }> {
  const kubernetes = await cluster.namespace()
  onTestFinished(() => kubernetes[Symbol.asyncDispose]())
  await createDeployment(kubernetes, options)
  const access = await deploymentAccess(kubernetes, PACE, openemrRules())
  return { kubernetes, runtime: deploymentRuntime(access) }
}

describe('a Deployment whose controller or API server is slow', () => {
  test('R13: is not done while its controller has not seen the change', async () => {
    const { kubernetes, runtime } = await begun()
    {
      using held = kubernetes.holdController()
      expect(held).toBeDefined()
      await runtime.roll(TOKEN, call())
      const where = `Deployment ${kubernetes.namespace}/openemr`
      const why = `${where}: its controller has not seen the change yet`
      expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'rolling', why })
    }
    expect(await judged(runtime, TOKEN)).toEqual({ state: 'done' })
  })

  test('is rolled although its status moves its version on all the while', async () => {
    const { kubernetes, runtime } = await begun({ replicas: 1 })
    const place = {
      resource: 'deployments',
      namespace: kubernetes.namespace,
      name: 'openemr',
    } as const
    let changes = 0
    const first = (): void => {
      changes += 1
      kubernetes.edit(place, { metadata: { labels: { changes: String(changes) } } })
    }
    kubernetes.fail({ kind: 'none', operation: 'patch deployments', calls: 3, first })
    await runtime.roll(TOKEN, call())
    expect(changes).toBe(3)
    expect(await judged(runtime, TOKEN)).toEqual({ state: 'done' })
  })

  test('is given up when it never holds still', async () => {
    const { kubernetes, runtime } = await begun({ replicas: 1 })
    const { namespace } = kubernetes
    let changes = 0
    const first = (): void => {
      const labels = { changes: String((changes += 1)) }
      const place = { resource: 'deployments', namespace, name: 'openemr' } as const
      kubernetes.edit(place, { metadata: { labels } })
    }
    kubernetes.fail({ kind: 'none', operation: 'patch deployments', calls: 100, first })
    const conflict = { code: 'ERR_KUBERNETES_CONFLICT', retry: 'observe-first' }
    await expect(runtime.roll(TOKEN, call())).rejects.toMatchObject(conflict)
  })

  test('is seen as begun when the answer to the patch was lost', async () => {
    const { kubernetes, runtime } = await begun({ replicas: 1 })
    kubernetes.fail({ kind: 'answer-lost', operation: 'patch deployments' })
    const unknown = { code: 'ERR_OUTCOME_UNKNOWN' }
    await expect(runtime.roll(TOKEN, call())).rejects.toMatchObject(unknown)
    const { generation } = (await readDeployment(kubernetes)).metadata
    await runtime.roll(TOKEN, call())
    expect((await readDeployment(kubernetes)).metadata.generation).toBe(generation)
    expect(await judged(runtime, TOKEN)).toEqual({ state: 'done' })
  })

  test('can be looked at again after a look was throttled', async () => {
    const { kubernetes, runtime } = await begun({ replicas: 1 })
    kubernetes.fail({ kind: 'throttle', operation: 'get deployments' })
    const throttled = { code: 'ERR_KUBERNETES_THROTTLED', retry: 'safe' }
    await expect(runtime.observe(TOKEN, call())).rejects.toMatchObject(throttled)
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
  })

  test('is judged although its pods cannot be listed at the moment', async () => {
    const { kubernetes } = await begun({ replicas: 1 })
    const runtime = deploymentRuntime(await deploymentAccess(kubernetes, PACE))
    await kubernetes.setPods('unready')
    kubernetes.fail({ kind: 'unavailable', operation: 'list pods', calls: 100 })
    await runtime.roll(TOKEN, call())
    expect((await runtime.observe(TOKEN, call())).state).toBe('rolling')
  })

  test('T71: says that the rollout did not complete, and within what', async () => {
    const { kubernetes } = await begun({ replicas: 1 })
    const access = await deploymentAccess(kubernetes, { limitMs: 500, pollMs: 20 })
    const runtime = deploymentRuntime(access)
    await kubernetes.setPods('unready')
    await runtime.roll(TOKEN, call())
    const { why } = await judged(runtime, TOKEN)
    expect(why).toContain("Deployment 'openemr' rollout did not complete within 0.5s (500 ms): ")
  })
})
