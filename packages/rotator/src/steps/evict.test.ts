import { describe, expect, test } from 'vitest'
import { arrange } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import { Desk } from '../engine/desk.ts'
import type { Target } from '../ports/target.ts'
import { evict } from './evict.ts'

const FROM_B = { step: 'evict', slot: 'B', why: 'a test' } as const
const HELD = { username: USERNAMES.B, password: 'b0-password' }

async function deskAt(world: World, target: Target): Promise<Desk> {
  const desk = new Desk(target, { ...simEnvironment(world), urgent: true }, 'take')
  await desk.load()
  return desk
}

describe('an eviction', () => {
  test('ends the sessions of the slot after the stated time, and nobody else’s', async () => {
    const { world, target } = arrange({ urgent: true })
    world.fleet.stragglers = [{ held: HELD, until: 9e15 }]
    const before = world.now
    const desk = await deskAt(world, target)
    await evict.apply(FROM_B, desk)
    expect(world.fleet.stragglers).toEqual([])
    expect(world.fleet.instances).toHaveLength(3)
    expect(world.now - before).toBeGreaterThanOrEqual(target.policy.evictAfterMs)
  })

  test('lets a session end by itself meanwhile', async () => {
    const { world, target } = arrange({ urgent: true })
    world.fleet.stragglers = [{ held: HELD, until: world.now + 500 }]
    let ended = 0
    const admin: Target['database']['admin'] = async (...args) => {
      const session = await target.database.admin(...args)
      return Object.assign(Object.create(session), { endSessions: async () => void (ended += 1) })
    }
    const desk = await deskAt(world, { ...target, database: { ...target.database, admin } })
    await evict.apply(FROM_B, desk)
    expect(ended).toBe(0)
  })

  test('names the sessions that do not end', async () => {
    const { world, target } = arrange({ urgent: true })
    world.fleet.stragglers = [{ held: HELD, until: 9e15 }]
    const admin: Target['database']['admin'] = async (...args) => {
      const session = await target.database.admin(...args)
      return Object.assign(Object.create(session), { endSessions: async () => undefined })
    }
    const desk = await deskAt(world, { ...target, database: { ...target.database, admin } })
    await expect(evict.apply(FROM_B, desk)).rejects.toMatchObject({
      code: 'ERR_SESSIONS_LEFT',
      details: { slot: 'B', sessions: expect.stringContaining('app_b by web from 10.0.0.7') },
    })
  })
})
