import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubernetesRule } from '../../testkit/src/conformance/kubernetes-fixture.ts'
import { rulesWithPods } from '../../testkit/src/conformance/kubernetes-deployment.ts'
import type { FakeCluster, FakeNamespace } from '../../testkit/src/fakes/kubernetes.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import { mariadbForOpenemr } from '../../testkit/src/openemr/server.ts'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import type { TestTls } from '../../testkit/src/servers/tls.ts'
import { openemrOnEcs, openemrOnEks } from './openemr-fixture.ts'
import type { EcsWorld, OpenemrDatabase } from './openemr-fixture.ts'
import { expectConverged, expectFailed } from './openemr-kept.ts'

/** Most runs wait more than they work, and there are many of them. */
const LIMIT_MS = 600_000

/** More than any run asks. */
const ALWAYS = 1_000

let tls: TestTls
let cluster: FakeCluster

beforeAll(async () => {
  tls = await makeTestTls()
  cluster = await startFakeCluster()
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await tls[Symbol.asyncDispose]()
})

/** A server of its own, so that tests can run beside each other. */
async function ownServer(): Promise<OpenemrDatabase & AsyncDisposable> {
  const server = await mariadbForOpenemr(tls)
  return { server, tls, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** An action, as a policy names it, and what it is granted on. */
interface Permission {
  readonly service: 'secretsmanager' | 'ecs'
  readonly action: string
  /** A secret, as the environment names it; empty for the ECS service. */
  readonly on: string
}

/** Whatever a run that does all there is to do has asked of AWS, each once, in order. */
async function usedOnEcs(it: EcsWorld): Promise<readonly Permission[]> {
  const { ecs, world } = it
  const before = { secrets: world.store.calls.length, ecs: ecs.calls.length }
  await expectConverged(it)
  const secrets = world.store.calls.slice(before.secrets).map(({ action, secret }) => {
    return { service: 'secretsmanager', action, on: secret } as const
  })
  const services = ecs.calls.slice(before.ecs).map(({ action }) => {
    return { service: 'ecs', action, on: '' } as const
  })
  const all = [...secrets, ...services]
  return [...new Map(all.map((one) => [nameOf(one), one])).values()]
}

function nameOf({ service, action, on }: Permission): string {
  return `${service}:${action}${on === '' ? '' : ` on ${on}`}`
}

function deny({ world, ecs }: EcsWorld, { service, action, on }: Permission): void {
  if (service === 'ecs') ecs.fail({ kind: 'denied', action, calls: ALWAYS })
  else world.store.fail({ kind: 'denied', action, secret: on, calls: ALWAYS })
}

/** From the first call of this kind on, nothing is allowed any more. */
function expireAt({ world, ecs }: EcsWorld, { service, action, on }: Permission): void {
  const expireAll = (): void => {
    world.store.fail({ kind: 'expired', calls: ALWAYS })
    for (const one of ['DescribeServices', 'UpdateService'])
      ecs.fail({ kind: 'expired', action: one, calls: ALWAYS })
  }
  if (service === 'ecs') return ecs.fail({ kind: 'expired', action, calls: ALWAYS })
  world.store.fail({ kind: 'expired', action, secret: on, struck: expireAll })
}

function heal({ world, ecs }: EcsWorld): void {
  world.store.heal()
  ecs.heal()
}

/** Requests all the while, and time for the many runs. */
const ON_A = { at: 'on-a', paceMs: 250, service: { desired: 1 } } as const

describe.concurrent('cuedot openemr, allowed all but one thing', () => {
  test(
    'names the action of AWS that a policy lacks, and converges once it is granted',
    async () => {
      await using on = await ownServer()
      await using it = await openemrOnEcs(on, ON_A)
      const used = await usedOnEcs(it)
      const names = used.map(nameOf)
      for (const needed of ['PutSecretValue on slots', 'PutSecretValue on admin'])
        expect(names).toContain(`secretsmanager:${needed}`)
      expect(names).toEqual(expect.arrayContaining(['ecs:UpdateService', 'ecs:DescribeServices']))
      for (const permission of used) {
        deny(it, permission)
        const said = await expectFailed(await it.run(['--log-json']), it)
        expect(said).toContain(`${permission.service}:${permission.action}`)
        expect(said).toContain(permission.on === '' ? 'openemr/web' : `secret: ${permission.on}`)
        expect(said).toMatch(/Grant the (?:named )?action/)
        heal(it)
        await expectConverged(it, `after ${nameOf(permission)}`)
      }
    },
    LIMIT_MS,
  )

  test(
    'says that the credentials of AWS have expired, at the beginning and in a run',
    async () => {
      await using on = await ownServer()
      await using it = await openemrOnEcs(on, ON_A)
      const [first, ...used] = await usedOnEcs(it)
      const writes = used.filter(({ action }) => !/^(?:Get|Describe)/.test(action))
      expect(writes.length).toBeGreaterThan(3)
      for (const permission of [first!, writes[0]!, writes.at(-1)!]) {
        expireAt(it, permission)
        const said = await expectFailed(await it.run(['--log-json']), it)
        expect(said).toContain('ExpiredTokenException')
        expect(said).toContain('expired or wrong: get new ones')
        heal(it)
        await expectConverged(it, `after ${nameOf(permission)}`)
      }
    },
    LIMIT_MS,
  )

  test(
    'names the verb and the resource that a Role lacks, and converges once they are granted',
    async () => {
      await using on = await ownServer()
      await using it = await openemrOnEks(on.server, { tls, cluster }, { at: 'on-a', paceMs: 250 })
      const { kubernetes } = it
      const before = kubernetes.log.length
      await expectConverged(it)
      const used = [...new Set(kubernetes.log.slice(before))].filter((one) => one !== EXPLAINS)
      expect(used).toEqual(expect.arrayContaining(['patch secrets', 'patch deployments']))
      for (const operation of used) {
        const KUBECONFIG = await roleWithout(operation, kubernetes)
        const said = await expectFailed(await it.run(['--log-json'], { KUBECONFIG }), it)
        expect(said).toContain(`needs: ${operation}`)
        expect(said).toContain('Grant the verb and the resource')
        await expectConverged(it, `after ${operation}`)
      }
    },
    LIMIT_MS,
  )
})

/**
 * Only explains a rollout that takes its time: nobody needs it, and the Role of openemr-on-eks, as
 * which the other runs are, lacks it.
 */
const EXPLAINS = 'list pods'

/** A kubeconfig of somebody who may do all that a run could want, and not this. */
async function roleWithout(operation: string, kubernetes: FakeNamespace): Promise<string> {
  const [verb, resource] = operation.split(' ')
  const rules = rulesWithPods().map((rule): KubernetesRule => {
    const isMeant = rule.resources.some((one) => one === resource)
    return isMeant ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule
  })
  return await kubernetes.userWith(rules)
}
