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

  test('that is done is begun once', async () => {
    const { world, target } = arrange()
    const runtime = rolling(target, 'done')
    world.fleet.instances = []
    await run(runtime.target, 'rotate', simEnvironment(world))
    expect(runtime.rolls).toHaveLength(1)
    expectEverybodyLogsIn(world)
  })
})
