import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  DEPLOYMENT,
  openemrRules,
  patchDeployment,
  revisionOf,
} from '../../testkit/src/conformance/kubernetes-deployment.ts'
import { readSecret } from '../../testkit/src/conformance/kubernetes-secret.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import { lastLine, openemrOnEks, useMariadb } from './openemr-fixture.ts'
import type { EksWorld } from './openemr-fixture.ts'

const on = useMariadb()
let cluster: FakeCluster
beforeAll(async () => {
  cluster = await startFakeCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** What the application and its pods find. */
async function published({ world, kubernetes }: EksWorld): Promise<object> {
  const { data } = await readSecret(kubernetes)
  return { file: await readFile(world.sqlconf, 'latin1'), data }
}

/** From now on pods come up, and may take their time. */
function recover({ kubernetes }: EksWorld): void {
  const { namespace } = kubernetes
  const spec = { progressDeadlineSeconds: 600 }
  void kubernetes.setPods('ready')
  kubernetes.edit({ resource: 'deployments', namespace, name: DEPLOYMENT }, { spec })
}

/** Steps in the order in which they were taken, as the log tells them. */
function stepsOf(stdout: string): readonly string[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter(({ code }) => code === 'STEP_APPLIED')
    .map(({ step, slot, where = '' }) => `${String(step)} ${String(slot)} ${String(where)}`.trim())
}

describe('cuedot openemr on EKS, when its way is barred', () => {
  test('T62 a Secret that may not be patched: the file is put back', async () => {
    await using it = await openemrOnEks(on().server, { tls: on().tls, cluster }, { at: 'on-a' })
    const before = await published(it)
    const others = openemrRules().filter(({ resources }) => !resources.includes('secrets'))
    const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }
    const KUBECONFIG = await it.kubernetes.userWith([secrets, ...others])
    const ended = await it.run(['--log-json'], { KUBECONFIG })
    expect(lastLine(ended)).toMatchObject({
      ...{ status: 'error', outcome: 'backed-out', code: 'ERR_KUBERNETES_DENIED' },
    })
    expect(ended.code).toBe(1)
    expect(stepsOf(ended.stdout).filter((step) => step.startsWith('publish'))).toEqual([
      ...['publish B sqlconf', 'publish A sqlconf'],
    ])
    expect(await published(it)).toEqual(before)
    expect(it.world.slots().active_slot).toBe('A')
    expect((await it.world.report()).failed).toEqual([])
  })

  test('T64 puts back the file, then the Secret, then restarts, and then validates', async () => {
    await using it = await openemrOnEks(on().server, { tls: on().tls, cluster }, { at: 'on-a' })
    const before = await published(it)
    await patchDeployment(it.kubernetes, { spec: { progressDeadlineSeconds: 1 } })
    await it.kubernetes.setPods('image-missing')
    it.kubernetes.fail({
      ...{ kind: 'none', operation: 'patch deployments', calls: 99 },
      first: () => {
        if (it.world.slots().active_slot === 'A') recover(it)
      },
    })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', outcome: 'backed-out' })
    const steps = stepsOf(ended.stdout)
    expect(steps.slice(0, 5)).toEqual([
      ...['open B', 'set B', 'flip B', 'publish B sqlconf', 'publish B secret'],
    ])
    expect(steps.slice(6)).toEqual([
      ...['turn A', 'flip A', 'publish A sqlconf', 'publish A secret', 'roll A deployment'],
      ...['drain B', 'undo B', 'close B'],
    ])
    expect(await published(it)).toEqual(before)
    expect(await revisionOf(it.kubernetes)).toBe(3)
    expect((await it.world.report()).failed).toEqual([])
  })
})
