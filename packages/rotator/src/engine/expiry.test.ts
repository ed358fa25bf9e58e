import { describe, expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import { run } from './run.ts'

function datesOf(world: World): readonly (number | undefined)[] {
  return [USERNAMES.A, USERNAMES.B].map((username) => world.users.get(username)?.expiresAt)
}

function expireAt(world: World, a: number | undefined, b: number | undefined): void {
  Object.assign(world.users.get(USERNAMES.A) ?? {}, { expiresAt: a })
  Object.assign(world.users.get(USERNAMES.B) ?? {}, { expiresAt: b })
}

describe('a date on which accounts expire', () => {
  test('stays when an operator has given it to both slots', async () => {
    const { world, target } = arrange()
    const date = world.now + 86_400_000
    expireAt(world, date, date)
    expect((await run(target, 'rotate', simEnvironment(world))).outcome).toBe('rotated')
    expect(datesOf(world)).toEqual([date, date])
  })

  test('is taken from a slot that becomes active, and leaves nobody outside', async () => {
    const { world, target } = arrange({ expireAfterMs: 3_600_000 })
    expireAt(world, undefined, world.now + 60_000)
    expect((await run(target, 'rotate', simEnvironment(world))).outcome).toBe('rotated')
    expect(datesOf(world)).toEqual([undefined, undefined])
    world.advance(86_400_000)
    expectEverybodyLogsIn(world)
  })
})
