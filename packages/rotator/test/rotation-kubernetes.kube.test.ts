// Goal: visitors of an application that runs as a Deployment never notice a rotation, however it
// ends. Method: real controllers roll real processes on a real MariaDB; the command line runs in a
// process of its own with the Role of openemr-on-eks; requests are sent without a pause.
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld } from '../../testkit/src/rig/kubernetes/world.ts'
import type { KubernetesWorld } from '../../testkit/src/rig/kubernetes/world.ts'
import { startRealCluster } from '../../testkit/src/servers/kubernetes/fixture.ts'
import type { RealCluster } from '../../testkit/src/servers/kubernetes/fixture.ts'

let cluster: RealCluster

beforeAll(async () => {
  cluster = await startRealCluster()
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

const REPLICAS = 3
/** Seconds; a pod of the application is ready in less than one on an idle machine. */
const PATIENT = { replicas: REPLICAS, progressDeadlineSeconds: 60 }
const STUCK = { replicas: REPLICAS, progressDeadlineSeconds: 15, neverReadyAs: 'app_b' }

const USERS = { A: 'app_a', B: 'app_b' } as const

/** All that holds a credential holds that of this slot, and each visitor was served. */
async function expectOn(world: KubernetesWorld, slot: 'A' | 'B'): Promise<void> {
  const document = await world.rig.document('AWSCURRENT')
  expect(document?.active_slot).toBe(slot)
  expect(document?.rotation).toBeUndefined()
  const { username = '', password = '' } = document?.[slot] ?? {}
  expect(await world.secret()).toEqual({ username, password, team: 'rig' })
  const users = await world.visitors.users()
  expect(new Set(users)).toEqual(new Set([USERS[slot]]))
  expect(users.length).toBeGreaterThanOrEqual(REPLICAS)
  expect(world.visitors.failures).toEqual([])
}

/** How often the pod template was changed since: a Deployment counts every change of its spec. */
async function rollsSince(world: KubernetesWorld, generation: number): Promise<number> {
  return (await world.deployment()).metadata.generation - generation
}

describe('a rotation of an application that runs as a Deployment', () => {
  test('is not noticed by visitors, three times, and the live user alternates', async () => {
    await using world = await startWorld(cluster, PATIENT)
    const { generation } = (await world.deployment()).metadata
    const passwords = new Set<string | undefined>()
    for (const [turn, slot] of (['B', 'A', 'B'] as const).entries()) {
      const before = world.visitors.answered
      const { code, stdout, stderr } = await world.rig.cuedot(['rotate', '--json']).ended
      expect(code, `${stdout}\n${stderr}`).toBe(0)
      await expectOn(world, slot)
      expect(await rollsSince(world, generation)).toBe(turn + 1)
      expect(world.visitors.answered).toBeGreaterThan(before + 10)
      passwords.add((await world.secret())['password'])
    }
    expect(passwords.size).toBe(3)
    console.log(`${world.visitors.answered} requests, ${world.visitors.failures.length} failed`)
  })

  test('that is killed while it rolls goes on with the same roll', async () => {
    await using world = await startWorld(cluster, PATIENT)
    const { generation } = (await world.deployment()).metadata
    const killed = world.rig.cuedot(['rotate', '--json'])
    while ((await rollsSince(world, generation)) === 0) await pause(10)
    killed.child.kill('SIGKILL')
    expect((await killed.ended).code).toBeNull()
    const { code, stdout, stderr } = await world.rig.cuedot(['rotate', '--json']).ended
    expect(code, `${stdout}\n${stderr}`).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'rotated' })
    await expectOn(world, 'B')
    expect(await rollsSince(world, generation)).toBe(1)
  })

  test('backs out when the new pods do not get ready, and the old ones go on', async () => {
    await using world = await startWorld(cluster, STUCK)
    const { generation } = (await world.deployment()).metadata
    const { code, stdout, stderr } = await world.rig.cuedot(['rotate', '--json']).ended
    expect(code, `${stdout}\n${stderr}`).toBe(4)
    expect(stdout).toContain('web does not come up on the new credential')
    await expectOn(world, 'A')
    expect(await rollsSince(world, generation)).toBe(2)
  })
})
