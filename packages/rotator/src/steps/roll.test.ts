import { describe, expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { run } from '../engine/run.ts'
import type { RollState } from '../ports/runtime.ts'
import type { Target } from '../ports/target.ts'

/** More looks than any limit allows: what goes on here would go on for ever. */
const ENDLESS = 5_000

/** Counts the rolls towards B, and says of them what is given. */
function rolling(
  target: Target,
  towardsB: RollState['state'],
): { target: Target; rolls: string[] } {
  const rolls: string[] = []
  let looks = 0
  const runtimes = target.runtimes.map(({ id, limitMs, pollMs }) => ({
    id,
    limitMs,
    pollMs,
    observe: async (token: string): Promise<RollState> => {
      if (looks++ > ENDLESS) throw new Error('it is waited for without a limit')
      if (!rolls.includes(token)) return { state: 'due' }
      return { state: token.endsWith(':B') ? towardsB : 'done' }
    },
    roll: async (token: string): Promise<void> => void rolls.push(token),
  }))
  return { target: { ...target, runtimes }, rolls }
}

describe('a roll', () => {
  test.each(['failed', 'rolling'] as const)(
    'that stays %s turns the rotation back and is not begun again',
    async (state) => {
      const { world, target } = arrange()
      const runtime = rolling(target, state)
      const result = await run(runtime.target, 'rotate', simEnvironment(world))
      expect(result).toMatchObject({ outcome: 'backed-out', activeSlot: 'A' })
      expect(runtime.rolls.map((token) => token.slice(-1))).toEqual(['B', 'A'])
      expect(world.checker.broken).toEqual([])
    },
  )

  test('R15 that fails both ways tells why of each, and what the turn was for', async () => {
    const { world, target } = arrange()
    const rolls: string[] = []
    const runtimes = target.runtimes.map(({ id, limitMs, pollMs }) => ({
      id,
      limitMs,
      pollMs,
      observe: async (token: string): Promise<RollState> =>
        rolls.includes(token)
          ? { state: 'failed', why: `no task on ${token.slice(-1)} starts` }
          : { state: 'due' },
      roll: async (token: string): Promise<void> => void rolls.push(token),
    }))
    const result = await run({ ...target, runtimes }, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'refused', code: 'ROLL_FAILED', activeSlot: 'A' })
    expect(result.failures.map(({ step, code }) => `${step} ${code}`)).toEqual([
      'roll ERR_ROLL_FAILED',
      'roll ERR_ROLL_FAILED',
    ])
    expect(result.failures[0]?.message).toContain('no task on B starts')
    expect(result.failures[1]?.message).toContain('no task on A starts')
    expectEverybodyLogsIn(world)
  })

  test('that is done may say something, and it is told', async () => {
    const { world, target } = arrange()
    const rolls: string[] = []
    const told: unknown[] = []
    const runtimes = target.runtimes.map(({ id, limitMs, pollMs }) => ({
      id,
      limitMs,
      pollMs,
      observe: async (token: string): Promise<RollState> =>
        rolls.includes(token) ? { state: 'done', why: 'no task runs' } : { state: 'due' },
      roll: async (token: string): Promise<void> => void rolls.push(token),
    }))
    world.fleet.instances = []
    await run({ ...target, runtimes }, 'rotate', {
      ...simEnvironment(world),
      events: { emit: (event) => void told.push('evidence' in event && event.evidence?.says) },
    })
    expect(told).toContain('no task runs')
  })

  test('that is done is begun once', async () => {
    const { world, target } = arrange()
    const runtime = rolling(target, 'done')
    world.fleet.instances = []
    await run(runtime.target, 'rotate', simEnvironment(world))
    expect(runtime.rolls).toHaveLength(1)
    expectEverybodyLogsIn(world)
  })

  test('that is due after all is begun again', async () => {
    const { world, target } = arrange()
    const rolls: string[] = []
    const looks = { since: 0 }
    const runtimes = target.runtimes.map(({ id, limitMs, pollMs }) => ({
      id,
      limitMs,
      pollMs,
      observe: async (): Promise<RollState> => {
        if (rolls.length === 0) return { state: 'due' }
        if (rolls.length > 1) return { state: 'done' }
        return { state: looks.since++ < 3 ? 'rolling' : 'due' }
      },
      roll: async (token: string): Promise<void> => void rolls.push(token),
    }))
    world.fleet.instances = []
    await run({ ...target, runtimes }, 'rotate', simEnvironment(world))
    expect(rolls).toHaveLength(2)
    expect(rolls[0]).toBe(rolls[1])
  })
})

/** A roll of this length, and what became of looking at it. */
async function watched(
  lastsMs: number,
  pollMs: number,
): Promise<{ lateMs: number; looks: number }> {
  const { world, target } = arrange()
  world.fleet.instances = []
  let [endsAt, lateMs, looks] = [Infinity, -1, 0]
  const runtimes = target.runtimes.map(({ id }) => ({
    id,
    limitMs: 3_600_000,
    pollMs,
    observe: async (): Promise<RollState> => {
      if (endsAt === Infinity) return { state: 'due' }
      looks += 1
      if (world.now < endsAt) return { state: 'rolling' }
      if (lateMs < 0) lateMs = world.now - endsAt
      return { state: 'done' }
    },
    roll: async (): Promise<void> => void (endsAt = Math.min(endsAt, world.now + lastsMs)),
  }))
  await run({ ...target, runtimes }, 'rotate', simEnvironment(world))
  return { lateMs, looks }
}

describe('the end of a roll', () => {
  test.each([
    [1, 100],
    [201, 200],
    [2_001, 500],
    [20_000, 1_300],
    [60_000, 3_800],
    [600_000, 15_000],
  ])('that takes %d ms is noticed %d ms late at most', async (lastsMs, mostMs) => {
    const { lateMs, looks } = await watched(lastsMs, 15_000)
    expect(lateMs).toBeGreaterThanOrEqual(0)
    expect(lateMs).toBeLessThanOrEqual(mostMs)
    expect(looks).toBeLessThan(120)
  })

  test('is looked for no more seldom than the runtime says', async () => {
    const { lateMs, looks } = await watched(10_000, 100)
    expect(lateMs).toBeLessThanOrEqual(100)
    expect(looks).toBeGreaterThan(90)
  })

  test('is not looked for before the first pause when the answer says it goes on', async () => {
    const { world, target } = arrange()
    const [runtime] = target.runtimes
    if (runtime === undefined) throw new Error('the target has no runtime')
    world.fleet.instances = []
    let begunAt = -1
    const looks: number[] = []
    const told: Target['runtimes'][number] = {
      ...{ id: runtime.id, limitMs: 60_000, pollMs: 15_000 },
      observe: async () => {
        if (begunAt < 0) return { state: 'due' }
        looks.push(world.now - begunAt)
        return { state: 'done' }
      },
      roll: async () => {
        if (begunAt < 0) begunAt = world.now
        return { state: 'rolling', why: 'just begun' }
      },
    }
    const result = await run({ ...target, runtimes: [told] }, 'rotate', simEnvironment(world))
    expect(result.outcome).toBe('rotated')
    expect(looks[0]).toBe(50)
  })
})
