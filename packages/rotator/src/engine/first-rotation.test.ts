// Goal: the first rotation of an application that runs as the admin gives it back exactly what it
// had, whatever happens meanwhile, and says what it finds. Method: the simulated world.
import { describe, expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment, trial } from '../../../testkit/src/sim/explore.ts'
import { INITIAL_STARTS } from '../../../testkit/src/sim/initial-starts.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import { ON_INITIAL, adminDocument, slotDocument } from '../../../testkit/src/sim/world.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import type { Intent } from '../domain/plan.ts'
import type { Database } from '../ports/database.ts'
import type { Target } from '../ports/target.ts'
import type { RunResult } from './result.ts'
import { run } from './run.ts'

async function runIn(world: World, target: Target, intent: Intent): Promise<RunResult> {
  return await run(target, intent, simEnvironment(world))
}

/** The same target, in whose first roll something happens besides. */
function whileRolling(target: Target, incident: () => void): Target {
  let due = true
  const runtimes = target.runtimes.map((runtime) => ({
    ...runtime,
    roll: async (...args: Parameters<typeof runtime.roll>) => {
      if (due) incident()
      due = false
      await runtime.roll(...args)
    },
  }))
  return { ...target, runtimes }
}

describe('an application that runs as the admin', () => {
  test.each(INITIAL_STARTS)('I1 to I5 hold where nothing fails: $name', async (start) => {
    const { findings } = await trial(start, [])
    expect(findings).toEqual([])
  })

  test('I2 holds when a run is killed at any call, and the store lags', async () => {
    const start = INITIAL_STARTS.find(({ options }) => options.staleReadMs !== undefined)
    if (start === undefined) throw new Error('no store lags')
    const { calls } = await trial(start, [])
    for (let at = 0; at < calls; at++) {
      const { findings } = await trial(start, [{ at, mode: 'crash-after' }])
      expect([at, findings]).toEqual([at, []])
    }
    expect(calls).toBeGreaterThan(50)
  })
})

describe('the first rotation of an application that runs as the admin', () => {
  test('says as whom consumers run until it has begun', async () => {
    const { world, target } = arrange({ initial: true })
    const { outcome, state } = await runIn(world, target, 'converge')
    expect(outcome).toBe('settled')
    expect(state).toContain('Slot A is active and does NOT log in. Consumers run as the initial')
  })

  test('leaves in the secret where the config has found the database', async () => {
    const { world, target } = arrange({ initial: true })
    expect((await runIn(world, target, 'rotate')).outcome).toBe('rotated')
    const place = { host: 'alias.example' }
    expect(world.store.document(world.store.truth.current)).toMatchObject({ A: place, B: place })
    for (const held of world.configs.values()) expect(held).toMatchObject(place)
  })

  test('tries no login with another password of the admin, and none with a stand-in', async () => {
    const { world, target } = arrange({ initial: true })
    world.setConfig('job.json', { ...ON_INITIAL, password: 'of before' })
    const tried: string[] = []
    const login: Database['login'] = async (credential, ...rest) => {
      tried.push(credential.password.reveal())
      return await target.database.login(credential, ...rest)
    }
    const listening = { ...target, database: { ...target.database, login } }
    expect((await runIn(world, listening, 'rotate')).outcome).toBe('rotated')
    expect(tried.length).toBeGreaterThan(2)
    expect(tried).not.toContain('of before')
    expect(tried).not.toContain('placeholder')
  })

  test('is refused where the target names no initial user', async () => {
    const { world, target } = arrange({ initial: true })
    world.addSlots()
    const { initial: _, ...plain } = target
    const { outcome, code } = await runIn(world, plain, 'rotate')
    expect({ outcome, code }).toEqual({ outcome: 'refused', code: 'CONSUMER_UNKNOWN' })
  })

  test('is refused while no config target has a password of the admin that works', async () => {
    const { world, target } = arrange({ initial: true })
    for (const id of world.configs.keys())
      world.setConfig(id, { ...ON_INITIAL, password: 'of before' })
    const { outcome, code } = await runIn(world, target, 'rotate')
    expect({ outcome, code }).toEqual({ outcome: 'refused', code: 'PLACEHOLDER' })
  })

  test('goes back to the password that the admin has by then', async () => {
    const { world, target } = arrange({ initial: true, unhealthyOn: 'B' })
    const changed = whileRolling(target, () => {
      world.setPassword(USERNAMES.admin, 'c1-password')
      world.adminStore.overwrite(adminDocument('c1-password'))
    })
    const { outcome, failures } = await runIn(world, changed, 'rotate')
    expect(outcome).toBe('backed-out')
    expect(failures.map(({ code }) => code)).toEqual(['ERR_ROLL_FAILED', 'ERR_DB_AUTH'])
    for (const held of world.configs.values())
      expect(held).toEqual({ ...ON_INITIAL, password: 'c1-password' })
  })

  test('starts a roll of its own for the way back to the initial user', async () => {
    const { world, target } = arrange({ initial: true, unhealthyOn: 'A' })
    world.addSlots()
    world.store.overwrite(slotDocument('a0-password', 'b0-password'))
    const { outcome, what } = await runIn(world, target, 'converge')
    expect([outcome, what]).toEqual(['backed-out', expect.stringContaining('backed out')])
    expect(world.fleet.begun).toBe(2)
    expect([...world.configs.values()]).toEqual([ON_INITIAL, ON_INITIAL])
    expectEverybodyLogsIn(world)
  })
})
