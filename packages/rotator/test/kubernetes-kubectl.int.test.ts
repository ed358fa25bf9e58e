import { afterAll, beforeAll } from 'vitest'
import { kubectlSuite } from '../../testkit/src/conformance/kubectl.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import { deploymentRuntime } from '../src/adapters/kubernetes/deployment-runtime.ts'

let cluster: FakeCluster

beforeAll(async () => {
  cluster = await startFakeCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

kubectlSuite('the fake Kubernetes', {
  start: () => cluster.namespace(),
  make: deploymentRuntime,
  pace: { limitMs: 20_000, pollMs: 20 },
})
