// Goal: an owner that is slow, silent or fails is asked once and waited for, whatever it shows.
// Method: real engine, simulated world and owner, virtual time.
import { describe, expect, test } from 'vitest'
import { arrange } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { SimOwner } from '../../../testkit/src/sim/owner.ts'
import type { OwnerCourse } from '../../../testkit/src/sim/owner.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import type { Intent } from '../domain/plan.ts'
import type { RunResult } from '../engine/result.ts'
import { run } from '../engine/run.ts'
import type { Target } from '../ports/target.ts'

interface Arranged {
  readonly world: World
  readonly owner: SimOwner
  rotate(intent?: Intent, stop?: AbortSignal): Promise<RunResult>
}

function owned(course: OwnerCourse = {}): Arranged {
  const { world, target } = arrange({ singleUser: true })
  const owner = new SimOwner(world, course)
  const managed: Target = { ...target, strategy: 'managed', owner }
  return {
    world,
    owner,
    rotate: async (intent = 'rotate', stop) => {
      const result = await run(managed, intent, simEnvironment(world, stop))
      expect(world.checker.broken).toEqual([])
      return result
    },
  }
}

describe('a rotation by its owner', () => {
  test.each<[string, OwnerCourse]>([
    ['shows at once', {}],
    ['shows late', { showsAfterMs: 20_000 }],
    ['shows only when it is over', { showsAfterMs: 99_000_000 }],
  ])('is asked for once and waited for when it %s', async (_how, course) => {
    const { owner, rotate } = owned(course)
    expect(await rotate()).toMatchObject({ outcome: 'rotated', failures: [] })
    expect([owner.sent, owner.rotations]).toEqual([1, 1])
    expect(await rotate('converge')).toMatchObject({ outcome: 'settled', actions: [] })
    expect(await rotate()).toMatchObject({ outcome: 'rotated' })
    expect(owner.rotations).toBe(2)
  })

  test('that may have been asked for is not asked for again while it may yet show', async () => {
    const { owner, rotate } = owned({ fates: ['answer-lost'], showsAfterMs: 50_000 })
    const result = await rotate()
    expect(result).toMatchObject({ outcome: 'rotated', failures: [{ step: 'ask' }] })
    expect([owner.sent, owner.rotations]).toEqual([1, 1])
  })

  test('that shows nothing for the whole time of doubt is asked for again', async () => {
    const { owner, rotate, world } = owned({ fates: ['request-lost', 'taken'] })
    const begun = world.now
    expect(await rotate()).toMatchObject({ outcome: 'rotated' })
    expect([owner.sent, owner.rotations]).toEqual([2, 1])
    expect(world.now - begun).toBeGreaterThanOrEqual(owner.doubtMs)
  })

  test('is asked for three times at most', async () => {
    const { owner, rotate } = owned({ fates: ['request-lost'] })
    expect(await rotate()).toMatchObject({ outcome: 'stopped', code: 'ERR_OWNER_SLOW' })
    expect([owner.sent, owner.rotations]).toEqual([3, 0])
  })

  test('that is refused may be asked for again: nothing was begun', async () => {
    const { owner, rotate } = owned({ fates: ['refused', 'refused', 'taken'] })
    expect(await rotate()).toMatchObject({ outcome: 'rotated' })
    expect([owner.sent, owner.rotations]).toEqual([3, 1])
  })

  test('that is refused for good leaves the reason as the outcome', async () => {
    const { owner, rotate } = owned({ fates: ['refused'] })
    expect(await rotate()).toMatchObject({ outcome: 'failed', code: 'ERR_OWNER_STATE' })
    expect(owner.rotations).toBe(0)
  })

  test('is waited for up to the limit, and by the next run, which asks for none', async () => {
    const { owner, rotate } = owned({ takesMs: 1_000_000 })
    expect(await rotate()).toMatchObject({ outcome: 'stopped', code: 'ERR_OWNER_SLOW' })
    expect(await rotate()).toMatchObject({ outcome: 'rotated', actions: [{ step: 'await' }] })
    expect([owner.sent, owner.rotations]).toEqual([1, 1])
  })

  test('counts when it was begun by somebody else and ends while it is looked at', async () => {
    const { owner, rotate } = owned({ showsAfterMs: 500 })
    owner.begin()
    expect(await rotate()).toMatchObject({ outcome: 'rotated' })
    expect(owner.rotations).toBe(1)
  })

  test('that fails is told, and another one is asked for by the next run', async () => {
    const { owner, rotate } = owned({ ends: 'impaired' })
    expect(await rotate()).toMatchObject({ outcome: 'refused', code: 'SECRET_IMPAIRED' })
    expect(await rotate('converge')).toMatchObject({ outcome: 'settled' })
    owner.course = {}
    expect(await rotate()).toMatchObject({ outcome: 'rotated' })
  })

  test('is left to its owner when the run is told to stop', async () => {
    const stop = new AbortController()
    const looked = (count: number): void => void (count > 5 && stop.abort('SIGTERM'))
    const { owner, rotate } = owned({ takesMs: 500_000, looked })
    expect(await rotate('rotate', stop.signal)).toMatchObject({ outcome: 'stopped' })
    expect(await rotate()).toMatchObject({ outcome: 'rotated' })
    expect(owner.sent).toBe(1)
  })
})
