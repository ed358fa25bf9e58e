// Goal: what the adapters do on the fake, they do on a real API server. Method: the suites of
// kubernetes-*.int.test.ts on kube-apiserver and kube-controller-manager.
import { afterAll, beforeAll } from 'vitest'
import { configTargetConformance } from '../../testkit/src/conformance/config-target.ts'
import { deploymentFixture } from '../../testkit/src/conformance/kubernetes-deployment.ts'
import { kubernetesDeploymentSuite } from '../../testkit/src/conformance/kubernetes-rolls.ts'
import { kubernetesRotationSuite } from '../../testkit/src/conformance/kubernetes-rotation.ts'
import { secretFixture } from '../../testkit/src/conformance/kubernetes-secret.ts'
import { kubernetesSecretSuite } from '../../testkit/src/conformance/kubernetes-secret-suite.ts'
import { runtimeConformance } from '../../testkit/src/conformance/runtime.ts'
import { startRealCluster } from '../../testkit/src/servers/kubernetes/fixture.ts'
import type { RealCluster, RealKubernetes } from '../../testkit/src/servers/kubernetes/fixture.ts'
import { deploymentRuntime } from '../src/adapters/kubernetes/deployment-runtime.ts'
import { secretTarget } from '../src/adapters/kubernetes/secret-target.ts'

let cluster: RealCluster
const start = (): Promise<RealKubernetes> => cluster.start()

beforeAll(async () => {
  cluster = await startRealCluster()
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

const NAME = 'a real Kubernetes'
const PACE = { limitMs: 20_000, pollMs: 50 }

configTargetConformance(`a Secret of ${NAME}`, async (initial) =>
  secretFixture({ kubernetes: await start(), make: secretTarget, initial }),
)

kubernetesSecretSuite(NAME, start, secretTarget)

runtimeConformance(
  `a Deployment of ${NAME}`,
  async () => deploymentFixture(await start(), deploymentRuntime, { ...PACE, limitMs: 5000 }),
  { courses: ['done', 'failed', 'endless'], remembers: true },
)

kubernetesDeploymentSuite(NAME, { start, make: deploymentRuntime, pace: PACE })

kubernetesRotationSuite(NAME, start)
