// Goal: a rotation whose application is an ECS service. Method: the engine and its adapters for ECS
// against the fake, whose tasks are processes; store, database and files are simulated.
import { describe, expect, test } from 'vitest'
import { expectEverybodyLogsIn } from '../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../testkit/src/sim/explore.ts'
import { Gate } from '../../testkit/src/sim/faults.ts'
import { simTarget } from '../../testkit/src/sim/ports.ts'
import { World } from '../../testkit/src/sim/world.ts'
import { ecsIamActions } from '../src/adapters/ecs/iam.ts'
import { systemClock } from '../src/adapters/system/clock.ts'
import type { RotationEvent } from '../src/domain/events.ts'
import type { RunResult } from '../src/engine/result.ts'
import { run } from '../src/engine/run.ts'
import { startShop } from './ecs-fixture.ts'
import type { Shop } from './ecs-fixture.ts'

/** A world whose only application is the service; its clock is the machine’s. */
function worldOf(): World {
  const world = new World({ beginsAt: Date.now() })
  world.fleet.instances = []
  return world
}

interface Ran {
  readonly result: RunResult
  readonly events: readonly RotationEvent[]
}

/** A run of a process of its own. */
async function rotate(world: World, shop: Shop, stopAt?: RotationEvent['code']): Promise<Ran> {
  const events: RotationEvent[] = []
  const stop = new AbortController()
  const target = simTarget(world, new Gate(world, []))
  const policy = { ...target.policy, drainQuietMs: 0, callLimitMs: 30_000 }
  const runtimes = [shop.runtime({ pollMs: 100, doubtMs: 500 })]
  const environment = { ...simEnvironment(world, stop.signal), clock: systemClock }
  const emit = (event: RotationEvent): void => {
    events.push(event)
    const isRoll = 'step' in event && event.step === 'roll'
    if (isRoll && event.code === stopAt) stop.abort('SIGTERM')
  }
  const result = await run({ ...target, policy, runtimes }, 'rotate', {
    ...environment,
    events: { emit },
  })
  return { result, events }
}

describe('a rotation of an application in ECS', () => {
  test('T59 publishes, forces one deployment and waits for the end of every old task', async () => {
    await using shop = await startShop()
    const world = worldOf()
    const { result } = await rotate(world, shop)
    expect(result).toMatchObject({ outcome: 'rotated', activeSlot: 'B', failures: [] })
    expect(shop.web.begun).toHaveLength(2)
    expect(shop.web.deployments).toHaveLength(1)
    const asked = new Set(shop.actions().map((action) => `ecs:${action}`))
    expect([...asked].toSorted()).toEqual(ecsIamActions.map(({ action }) => action).toSorted())
    expectEverybodyLogsIn(world)
  })

  test('T63 R14 turns back when the deployment fails, and tells what ECS said', async () => {
    await using shop = await startShop({ breaker: 'same' })
    const world = worldOf()
    shop.setCourse('failed')
    const before = [...shop.web.primary.tasks]
    const running = rotate(world, shop)
    await shop.web.until(() => shop.web.begun.length === 2)
    shop.setCourse('done')
    const { result } = await running
    expect(result).toMatchObject({
      outcome: 'backed-out',
      activeSlot: 'A',
      code: 'ERR_ROLL_FAILED',
      failures: [{ step: 'roll', code: 'ERR_ROLL_FAILED' }],
    })
    expect(result.failures[0]?.message).toMatch(/tasks failed to start|is gone: ECS shows/)
    expect(shop.web.begun).toHaveLength(3)
    expect(before.map(({ state }) => state)).toEqual(['stopped', 'stopped'])
    expectEverybodyLogsIn(world)
  })

  test('T63 turns back when UpdateService is denied, and names the permission', async () => {
    await using shop = await startShop()
    const world = worldOf()
    shop.ecs.fail({ kind: 'denied', action: 'UpdateService' })
    const { result } = await rotate(world, shop)
    const code = 'ERR_ECS_DENIED'
    expect(result).toMatchObject({ outcome: 'backed-out', activeSlot: 'A', code })
    expect(result.failures[0]?.message).toContain('ecs:UpdateService')
    expectEverybodyLogsIn(world)
  })

  test('R15 tells both errors when the way back is denied as well, and goes on later', async () => {
    await using shop = await startShop()
    const world = worldOf()
    shop.ecs.fail({ kind: 'denied', action: 'UpdateService', calls: 2 })
    const { result } = await rotate(world, shop)
    expect(result).toMatchObject({ outcome: 'stopped', activeSlot: 'A' })
    expect(result.failures.map(({ code }) => code)).toEqual(['ERR_ECS_DENIED', 'ERR_ECS_DENIED'])
    expect(result.state).toContain('Logging in now: A and B.')
    const again = await rotate(world, shop)
    expect(again.result).toMatchObject({ outcome: 'backed-out', activeSlot: 'A' })
    expectEverybodyLogsIn(world)
  })

  test('a service without a task is rotated, and that nothing was replaced is said', async () => {
    await using shop = await startShop({ desired: 0 })
    const { result, events } = await rotate(worldOf(), shop)
    expect(result.outcome).toBe('rotated')
    expect(events).toContainEqual(
      expect.objectContaining({
        code: 'STEP_APPLIED',
        evidence: { says: 'the desired count is 0: no task runs, so none was replaced' },
      }),
    )
  })

  test.each(['STEP_STARTED', 'STEP_WAITING'] as const)(
    'R5 a run that ends after %s of the roll is finished by the next one',
    async (stopAt) => {
      await using shop = await startShop()
      const world = worldOf()
      const first = await rotate(world, shop, stopAt)
      expect(first.result.outcome).toBe('stopped')
      const { result } = await rotate(world, shop)
      expect(result).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
      expect(shop.web.primary.rolloutState).toBe('COMPLETED')
      expectEverybodyLogsIn(world)
    },
  )
})
