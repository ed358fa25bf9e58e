// Goal: what the node says of pods is what their processes do, so that a controller which believes
// it rolls as it would elsewhere. Method: bare pods on a real API server, read back from it.
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PodCourse } from '../../conformance/kubernetes-fixture.ts'
import { startRealCluster } from './fixture.ts'
import type { RealCluster, RealKubernetes } from './fixture.ts'

let cluster: RealCluster

beforeAll(async () => {
  cluster = await startRealCluster()
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

/** A pod as the API server shows it, as far as these tests look. */
interface Shown {
  readonly metadata?: object
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly {
      readonly restartCount: number
      readonly state: { readonly waiting?: { readonly reason: string } }
    }[]
  }
}

async function createPod(
  { admin, namespace }: RealKubernetes,
  script: string,
  env: readonly object[] = [],
): Promise<void> {
  const container = { name: 'main', image: 'example.com/a:1', command: ['sh', '-c', script], env }
  const body = {
    metadata: { name: 'pod' },
    spec: { containers: [container], terminationGracePeriodSeconds: 1 },
  }
  const path = `/api/v1/namespaces/${namespace}/pods`
  expect(await admin({ method: 'POST', path, body })).toMatchObject({ status: 201 })
}

/** The test's own timeout bounds it. */
async function expectPod(
  { admin, namespace }: RealKubernetes,
  holds: (pod: Shown | undefined) => boolean,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/pod`
  for (;;) {
    const { status, body } = await admin({ method: 'GET', path })
    if (holds(status === 200 ? (body as unknown as Shown) : undefined)) return
    await pause(20)
  }
}

function isReady(pod: Shown | undefined): boolean {
  const ready = pod?.status.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True'
}

const waitsFor = (reason: string) => (pod: Shown | undefined) =>
  pod?.status.containerStatuses?.[0]?.state.waiting?.reason === reason

describe('the node', () => {
  test('runs a command with values of Secrets and says that it is ready when it is', async () => {
    await using kubernetes = await cluster.start()
    const { admin, namespace } = kubernetes
    await admin({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/secrets`,
      body: { metadata: { name: 's' }, stringData: { key: 'a value' } },
    })
    const secretKeyRef = { name: 's', key: 'key' }
    await createPod(kubernetes, 'echo "$LITERAL, $SECRET"; read -r go; echo ready; exec sleep 60', [
      { name: 'LITERAL', value: 'literal' },
      { name: 'SECRET', valueFrom: { secretKeyRef } },
    ])
    await expectPod(kubernetes, (pod) => pod?.status.phase === 'Running' && !isReady(pod))
    const [pod] = kubernetes.pods()
    expect(pod?.serves).toBe(false)
    pod?.tell('go\n')
    await expectPod(kubernetes, isReady)
    expect(pod?.serves).toBe(true)
    expect(pod?.said).toBe('literal, a value\nready\n')
  })

  test('asks a process to end, ends it after its grace, and then the pod is gone', async () => {
    await using kubernetes = await cluster.start()
    await createPod(kubernetes, "trap 'echo asked' TERM; echo ready; while :; do sleep 0.1; done")
    await expectPod(kubernetes, isReady)
    const [pod] = kubernetes.pods()
    const path = `/api/v1/namespaces/${kubernetes.namespace}/pods/pod`
    await kubernetes.admin({ method: 'DELETE', path })
    await expectPod(kubernetes, (found) => found === undefined)
    expect(pod?.said).toBe('ready\nasked\n')
    expect(kubernetes.pods()).toEqual([])
  })

  test('starts a container again that has ended, after a while', async () => {
    await using kubernetes = await cluster.start()
    await createPod(kubernetes, 'exit 3')
    await expectPod(kubernetes, waitsFor('CrashLoopBackOff'))
    await expectPod(
      kubernetes,
      (pod) => (pod?.status.containerStatuses?.[0]?.restartCount ?? 0) > 1,
    )
  })

  test('makes no container without the Secret that it names', async () => {
    await using kubernetes = await cluster.start()
    const secretKeyRef = { name: 'missing', key: 'key' }
    await createPod(kubernetes, 'echo ready', [{ name: 'A', valueFrom: { secretKeyRef } }])
    await expectPod(kubernetes, waitsFor('CreateContainerConfigError'))
  })

  test.each<[PodCourse, (pod: Shown | undefined) => boolean]>([
    ['image-missing', waitsFor('ImagePullBackOff')],
    ['crashing', waitsFor('CrashLoopBackOff')],
    ['unschedulable', isUnschedulable],
  ])('lets pods of the course %s wait with their reason', async (course, holds) => {
    await using kubernetes = await cluster.start()
    await kubernetes.setPods(course)
    await createPod(kubernetes, 'echo ready; exec sleep 60')
    await expectPod(kubernetes, holds)
    expect(kubernetes.pods().every(({ serves }) => !serves)).toBe(true)
  })
})

function isUnschedulable(pod: Shown | undefined): boolean {
  const scheduled = pod?.status.conditions?.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False'
}
