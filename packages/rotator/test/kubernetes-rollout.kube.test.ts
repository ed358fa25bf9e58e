// Goal: our verdict on a roll is kubectl's. Method: real controllers roll a Deployment whose pods
// get ready when the test says so; at each moment both judge the same version of the Deployment.
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StartKubernetes } from '../../testkit/src/conformance/kubernetes-fixture.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster, FakeNamespace } from '../../testkit/src/fakes/kubernetes.ts'
import { startRealCluster } from '../../testkit/src/servers/kubernetes/fixture.ts'
import type { RealCluster } from '../../testkit/src/servers/kubernetes/fixture.ts'
import { deploymentRuntime } from '../src/adapters/kubernetes/deployment-runtime.ts'
import type { RollState, Runtime } from '../src/ports/runtime.ts'
import { startGated } from '../../testkit/src/rig/kubernetes/gated.ts'
import type { Gated } from '../../testkit/src/rig/kubernetes/gated.ts'

let real: RealCluster
let fake: FakeCluster

beforeAll(async () => {
  real = await startRealCluster()
  fake = await startFakeCluster()
})

afterAll(async () => {
  await real[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})

const TOKEN = 'rotation-1:B'
const call = () => ({ signal: AbortSignal.timeout(30_000) })

/** A runtime on it, as a new process makes it. */
const runtimeOf = ({ place }: Gated): Runtime =>
  deploymentRuntime({ id: 'web', ...place, limitMs: 60_000, pollMs: 50 })

type Verdict = RollState['state']

async function kubectlSays({ kubectl }: Gated): Promise<Verdict> {
  const { code, stdout, stderr } = await kubectl(
    'rollout',
    'status',
    'deployment/web',
    '--watch=false',
  )
  if (stderr.includes('exceeded its progress deadline')) return 'failed'
  expect(code, stderr).toBe(0)
  if (stdout.includes('successfully rolled out')) return 'done'
  expect(stdout).toContain('Waiting for deployment')
  return 'rolling'
}

/** What both say of one version of the Deployment; asks again when it changed in between. */
async function expectAgreement(gated: Gated, runtime: Runtime): Promise<Verdict> {
  for (;;) {
    const before = await gated.version()
    const { state } = await runtime.observe(TOKEN, call())
    const theirs = await kubectlSays(gated)
    if ((await gated.version()) !== before) continue
    expect(state).toBe(theirs)
    return state
  }
}

/** Compares again and again until both say that it is over; bounded by the test's timeout. */
async function expectAgreementUntil(gated: Gated, runtime: Runtime, end: Verdict): Promise<number> {
  for (let compared = 1; ; compared += 1) {
    const state = await expectAgreement(gated, runtime)
    if (state === end) return compared
    expect(state).toBe('rolling')
  }
}

/** Keeps the controllers of a cluster from acting until it is disposed. */
type Hold = (gated: Gated) => Disposable

describe.each<[string, StartKubernetes, Hold]>([
  ['a real cluster', () => real.start(), () => real.cluster.holdControllers()],
  [
    'the fake',
    () => fake.namespace(),
    (gated) => (gated.kubernetes as FakeNamespace).holdController(),
  ],
])('our verdict on a roll and kubectl’s, on %s,', (_name, start, hold) => {
  test('are one while the controller has not seen the change', async () => {
    await using gated = await startGated(start)
    const runtime = runtimeOf(gated)
    const held = hold(gated)
    await runtime.roll(TOKEN, call())
    const seen = await expectAgreement(gated, runtime).finally(() => held[Symbol.dispose]())
    expect(seen).toBe('rolling')
    await expectAgreementUntil(gated, runtime, 'done')
  })

  test('are one from the beginning to the end', async () => {
    await using gated = await startGated(start)
    const runtime = runtimeOf(gated)
    await gated.close()
    expect(await kubectlSays(gated)).toBe('done')
    expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'due' })
    await runtime.roll(TOKEN, call())
    for (let moment = 0; moment < 5; moment += 1)
      expect(await expectAgreement(gated, runtime)).toBe('rolling')
    await gated.open()
    const compared = await expectAgreementUntil(gated, runtime, 'done')
    console.log(`agreed at ${5 + compared} moments`)
  })

  test('are one when the deadline for progress passes', async () => {
    await using gated = await startGated(start, { progressDeadlineSeconds: 2 })
    const runtime = runtimeOf(gated)
    await gated.close()
    await runtime.roll(TOKEN, call())
    await expectAgreementUntil(gated, runtime, 'failed')
    const { why } = await runtime.observe(TOKEN, call())
    expect(why).toMatch(/ProgressDeadlineExceeded: 1 of 2 replicas.*pod web-\S+: runs and is not/)
  })

  test('are one for a Deployment without replicas', async () => {
    await using gated = await startGated(start, { replicas: 0 })
    const runtime = runtimeOf(gated)
    await runtime.roll(TOKEN, call())
    await expectAgreementUntil(gated, runtime, 'done')
  })

  test('are one when somebody restarts it on top', async () => {
    await using gated = await startGated(start)
    const runtime = runtimeOf(gated)
    await gated.close()
    await runtime.roll(TOKEN, call())
    expect((await gated.kubectl('rollout', 'restart', 'deployment/web')).code).toBe(0)
    expect(await expectAgreement(gated, runtime)).toBe('rolling')
    await gated.open()
    await expectAgreementUntil(gated, runtime, 'done')
  })

  test('differ once somebody pauses it: it failed, and kubectl would wait', async () => {
    await using gated = await startGated(start)
    await gated.close()
    await runtimeOf(gated).roll(TOKEN, call())
    expect((await gated.kubectl('rollout', 'pause', 'deployment/web')).code).toBe(0)
    await untilSeen(gated)
    const { state, why } = await runtimeOf(gated).observe(TOKEN, call())
    expect({ state, why }).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('paused'),
    })
    expect(await kubectlSays(gated)).toBe('rolling')
  })

  test.each(['image-missing', 'crashing', 'unschedulable'] as const)(
    'are one for pods that are %s, and ours names the reason',
    async (course) => {
      await using gated = await startGated(start, { progressDeadlineSeconds: 2 })
      await gated.kubernetes.setPods(course)
      const runtime = runtimeOf(gated)
      await runtime.roll(TOKEN, call())
      await expectAgreementUntil(gated, runtime, 'failed')
      const { why } = await runtime.observe(TOKEN, call())
      expect(why).toMatch(REASONS[course])
    },
  )
})

describe('our verdict on a roll', () => {
  test('is that it is due again once somebody undoes it, where kubectl is content', async () => {
    await using gated = await startGated(() => real.start())
    await runtimeOf(gated).roll(TOKEN, call())
    expect((await gated.kubectl('rollout', 'undo', 'deployment/web')).code).toBe(0)
    expect(await runtimeOf(gated).observe(TOKEN, call())).toEqual({ state: 'due' })
    expect((await gated.kubectl('rollout', 'status', 'deployment/web')).code).toBe(0)
  })
})

const REASONS = {
  'image-missing': /pod web-\S+: ImagePullBackOff/,
  crashing: /pod web-\S+: CrashLoopBackOff/,
  unschedulable: /pod web-\S+: Unschedulable/,
}

/** Until the controller has acted on what is asked for. */
async function untilSeen({ kubernetes: { admin, namespace } }: Gated): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`
  for (;;) {
    const { metadata, status } = (await admin({ method: 'GET', path })).body as unknown as {
      metadata: { generation: number }
      status: { observedGeneration: number }
    }
    if (status.observedGeneration === metadata.generation) return
    await pause(20)
  }
}
