import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RollState, Runtime } from '../../../rotator/src/ports/runtime.ts'
import {
  createDeployment,
  DEPLOYMENT,
  deploymentAccess,
  openemrRules,
  patchDeployment,
  readDeployment,
  revisionOf,
  rulesWithPods,
  untilDeployment,
} from './kubernetes-deployment.ts'
import type { DeploymentOptions, MakeDeploymentRuntime, Pace } from './kubernetes-deployment.ts'
import type {
  KubernetesFixture,
  KubernetesObject,
  KubernetesRule,
  StartKubernetes,
} from './kubernetes-fixture.ts'
import { call, rejected } from './kubernetes-secret-suite.ts'
import { metadataOf } from './kubernetes-secret.ts'

const TOKEN = 'b1f7a0c2-roll:1'

/** What a suite over one API server is made of. */
export interface DeploymentSuite {
  readonly start: StartKubernetes
  readonly make: MakeDeploymentRuntime
  readonly pace: Pace
}

/** A namespace with the Deployment, and how runtimes of it are made. */
interface Begun {
  readonly kubernetes: KubernetesFixture
  /** A runtime as a new process makes it. Default: the Role of openemr-on-eks, and pods. */
  runtime(rules?: readonly KubernetesRule[]): Promise<Runtime>
}

type Begin = (options?: DeploymentOptions) => Promise<Begun>

/** Registers what a Deployment as a runtime does beyond every other runtime. */
export function kubernetesDeploymentSuite(name: string, suite: DeploymentSuite): void {
  const begin: Begin = async (options) => {
    const kubernetes = await suite.start()
    onTestFinished(() => kubernetes[Symbol.asyncDispose]())
    if (options) await createDeployment(kubernetes, options)
    return {
      kubernetes,
      runtime: async (rules = rulesWithPods()) =>
        suite.make(await deploymentAccess(kubernetes, suite.pace, rules)),
    }
  }
  describe(`a Deployment on ${name}`, () => {
    rollTests(begin)
    reasonTests(begin)
    othersTests(begin)
    permissionTests(begin)
  })
}

/** Looks until the roll is judged; the test's own timeout bounds it. */
async function judged(runtime: Runtime, token = TOKEN): Promise<RollState> {
  for (;;) {
    const state = await runtime.observe(token, call())
    if (state.state !== 'rolling') return state
    await wait(runtime.pollMs)
  }
}

/** Pods that run and are not being ended, with the roll that they are of. */
async function rollsOfPods({ admin, namespace }: KubernetesFixture): Promise<readonly unknown[]> {
  const { body } = await admin({ method: 'GET', path: `/api/v1/namespaces/${namespace}/pods` })
  return (body['items'] as KubernetesObject[])
    .map(metadataOf)
    .filter(({ deletionTimestamp }) => deletionTimestamp === undefined)
    .map(
      ({ annotations }) => (annotations as KubernetesObject | undefined)?.['cuedot.dev/rotation'],
    )
}

function rollTests(begin: Begin): void {
  test('T70: is rolled by an annotation that says when, and one that names the roll', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 1 })
    await (await runtime(openemrRules())).roll(TOKEN, call())
    const { annotations } = (await readDeployment(kubernetes)).spec.template.metadata
    expect(annotations).toEqual({
      [RESTARTED]: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      'cuedot.dev/rotation': TOKEN,
    })
    const at = Date.parse(annotations?.[RESTARTED] ?? '')
    expect(Math.abs(Date.now() - at)).toBeLessThan(60_000)
  })

  test('R13: is done when every pod is of the roll, and never before', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 3 })
    const rolled = await runtime(openemrRules())
    await rolled.roll(TOKEN, call())
    const states: string[] = []
    for (;;) {
      const { state } = await rolled.observe(TOKEN, call())
      states.push(state)
      if (state !== 'rolling') break
    }
    expect(await rollsOfPods(kubernetes)).toEqual([TOKEN, TOKEN, TOKEN])
    expect(states.at(-1)).toBe('done')
    expect(states.length).toBeGreaterThan(1)
  })

  test('R13: is done at once without replicas, and says so', async () => {
    const { runtime } = await begin({ replicas: 0 })
    const idle = await runtime(openemrRules())
    await idle.roll(TOKEN, call())
    const why = 'it has 0 replicas, so nothing runs'
    expect(await judged(idle)).toEqual({ state: 'done', why })
  })

  test('begins one roll when two processes begin it at the same time', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 1 })
    const before = await revisionOf(kubernetes)
    const both = await Promise.all([runtime(), runtime()])
    await Promise.all(both.map((one) => one.roll(TOKEN, call())))
    for (const one of both) expect((await judged(one)).state).toBe('done')
    expect(await revisionOf(kubernetes)).toBe(before + 1)
  })

  test('is followed by a new process after the one that began it was killed', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 2 })
    await kubernetes.setPods('unready')
    await (await runtime()).roll(TOKEN, call())
    await untilRevision(kubernetes, 2)
    const { metadata, spec } = await readDeployment(kubernetes)
    await untilAnotherSecond(spec.template.metadata.annotations?.[RESTARTED] ?? '')
    const later = await runtime()
    expect((await later.observe(TOKEN, call())).state).toBe('rolling')
    await later.roll(TOKEN, call())
    expect((await later.observe(TOKEN, call())).state).toBe('rolling')
    expect((await readDeployment(kubernetes)).metadata.generation).toBe(metadata.generation)
  })
}

const RESTARTED = 'credential-rotation/restartedAt'

/** Within one second the same annotations would be written, and nothing would change. */
async function untilAnotherSecond(restartedAt: string): Promise<void> {
  while (Math.floor(Date.now() / 1000) <= Date.parse(restartedAt) / 1000) await wait(20)
}

async function untilRevision(kubernetes: KubernetesFixture, revision: number): Promise<void> {
  while ((await revisionOf(kubernetes)) !== revision) await wait(20)
}

function reasonTests(begin: Begin): void {
  test.for([
    ['image-missing', 'ImagePullBackOff'],
    ['crashing', 'CrashLoopBackOff'],
    ['unschedulable', 'Unschedulable'],
    ['unready', 'runs and is not ready'],
  ] as const)('R13: fails at its progress deadline; %s pods are named', async ([pods, reason]) => {
    const { kubernetes, runtime } = await begin({ replicas: 2, progressDeadlineSeconds: 1 })
    await kubernetes.setPods(pods)
    const rolled = await runtime()
    await rolled.roll(TOKEN, call())
    const { state, why } = await judged(rolled)
    expect(state).toBe('failed')
    const where = `Deployment ${kubernetes.namespace}/${DEPLOYMENT}`
    expect(why).toContain(`${where}: ProgressDeadlineExceeded: 1 of 2 replicas are updated`)
    expect(why).toMatch(new RegExp(`pod ${DEPLOYMENT}-[^ ]+: ${reason}`))
  })

  test('says less where a Role does not grant pods, and judges as well', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 1, progressDeadlineSeconds: 1 })
    await kubernetes.setPods('image-missing')
    const rolled = await runtime(openemrRules())
    await rolled.roll(TOKEN, call())
    const { state, why } = await judged(rolled)
    expect(state).toBe('failed')
    expect(why).toContain('ProgressDeadlineExceeded')
    expect(why).not.toContain('pod ')
  })

  test('says what a roll that goes on is waiting for', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 2 })
    await kubernetes.setPods('unready')
    const rolled = await runtime()
    await rolled.roll(TOKEN, call())
    await untilRevision(kubernetes, 2)
    const seen = /1 of 2 replicas are updated, 2 are available, 2 from before are left; pod /
    await expect
      .poll(async () => (await rolled.observe(TOKEN, call())).why, { timeout: 20_000 })
      .toMatch(seen)
  })
}

function othersTests(begin: Begin): void {
  test('is not begun while it is paused', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 1, paused: true })
    const before = await readDeployment(kubernetes)
    const where = `Deployment ${kubernetes.namespace}/${DEPLOYMENT}`
    const paused = { code: 'ERR_RUNTIME_PAUSED', details: { runtime: where } }
    const rolled = await runtime()
    await expect(rolled.roll(TOKEN, call())).rejects.toMatchObject(paused)
    expect((await readDeployment(kubernetes)).spec).toEqual(before.spec)
    await patchDeployment(kubernetes, { spec: { paused: null } })
    await rolled.roll(TOKEN, call())
    expect(await judged(rolled)).toEqual({ state: 'done' })
  })

  test('fails when somebody pauses it in the midst of a roll', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 2 })
    await kubernetes.setPods('unready')
    const rolled = await runtime()
    await rolled.roll(TOKEN, call())
    await untilRevision(kubernetes, 2)
    await patchDeployment(kubernetes, { spec: { paused: true } })
    const { state, why } = await rolled.observe(TOKEN, call())
    expect(state).toBe('failed')
    expect(why).toContain('it is paused while')
  })

  test('is due again when somebody takes the roll back', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 1 })
    const rolled = await runtime()
    await rolled.roll(TOKEN, call())
    expect(await judged(rolled)).toEqual({ state: 'done' })
    const annotations = { 'cuedot.dev/rotation': null }
    await patchDeployment(kubernetes, { spec: { template: { metadata: { annotations } } } })
    expect(await rolled.observe(TOKEN, call())).toEqual({ state: 'due' })
  })

  test('is judged by the newest pods when somebody rolls on top', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 1, progressDeadlineSeconds: 1 })
    const rolled = await runtime()
    await rolled.roll(TOKEN, call())
    expect(await judged(rolled)).toEqual({ state: 'done' })
    await kubernetes.setPods('crashing')
    const annotations = { 'kubectl.kubernetes.io/restartedAt': 'now' }
    await patchDeployment(kubernetes, { spec: { template: { metadata: { annotations } } } })
    expect((await rolled.observe(TOKEN, call())).state).toBe('rolling')
    expect((await judged(rolled)).state).toBe('failed')
  })

  test('says how it is when it is asked after its health', async () => {
    const { kubernetes, runtime } = await begin({ replicas: 1 })
    const asked = await runtime(openemrRules())
    const where = `Deployment ${kubernetes.namespace}/${DEPLOYMENT}`
    expect(await asked.health?.(call())).toEqual({ well: true, why: `${where}: all is up` })
    await kubernetes.setPods('unready')
    await asked.roll(TOKEN, call())
    await untilDeployment(kubernetes, ({ metadata, status }) => {
      return status.observedGeneration === metadata.generation
    })
    const health = await asked.health?.(call())
    expect(health?.well).toBe(false)
    expect(health?.why).toMatch(/are updated/)
  })
}

function permissionTests(begin: Begin): void {
  const rule = { apiGroups: ['apps'], resources: ['deployments'], resourceNames: [DEPLOYMENT] }

  test('names a Deployment that is not there', async () => {
    const { kubernetes, runtime } = await begin()
    const lost = await runtime()
    const where = `Deployment ${kubernetes.namespace}/${DEPLOYMENT}`
    const missing = { code: 'ERR_RUNTIME_MISSING', details: { runtime: where } }
    await expect(lost.observe(TOKEN, call())).rejects.toMatchObject(missing)
    await expect(lost.roll(TOKEN, call())).rejects.toMatchObject(missing)
  })

  test.for([
    ['get', 'patch'],
    ['patch', 'get'],
  ] as const)('names the verb when a Role lacks %s', async ([lacks, has]) => {
    const { kubernetes, runtime } = await begin({ replicas: 1 })
    const { generation } = (await readDeployment(kubernetes)).metadata
    const error = await rejected((await runtime([{ ...rule, verbs: [has] }])).roll(TOKEN, call()))
    expect(error).toMatchObject({
      code: 'ERR_KUBERNETES_DENIED',
      details: {
        needs: `${lacks} deployments`,
        says: expect.stringContaining(`cannot ${lacks} resource "deployments"`),
      },
    })
    expect((await readDeployment(kubernetes)).metadata.generation).toBe(generation)
  })
}
