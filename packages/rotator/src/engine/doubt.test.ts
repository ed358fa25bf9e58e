// Goal: what was true a moment ago is not acted on, and what was done is not done again.
// Method: real engine, simulated world; something happens between two actions of a run.
import { describe, expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import { slotDocument } from '../../../testkit/src/sim/world.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import type { RotationEvent } from '../domain/events.ts'
import { RotatorError } from '../errors.ts'
import type { AdminSession } from '../ports/database.ts'
import type { Target } from '../ports/target.ts'
import type { Environment } from './environment.ts'
import { run } from './run.ts'

/** Surroundings in which something happens when a step has been applied. */
function after(world: World, step: string, happens: () => void): Environment {
  const emit = (event: RotationEvent): void => {
    if (event.code === 'STEP_APPLIED' && event.step === step) happens()
  }
  return { ...simEnvironment(world), events: { emit } }
}

function logIn(world: World, slot: 'A' | 'B'): void {
  const password = world.users.get(USERNAMES[slot])?.password ?? ''
  world.fleet.stragglers = [
    ...world.fleet.stragglers,
    { held: { username: USERNAMES[slot], password }, until: 9e15 },
  ]
}

describe('a run', () => {
  test('I1 does not retire the password of somebody who came back after the drain', async () => {
    const { world, target } = arrange()
    const env = after(world, 'stage', () => logIn(world, 'A'))
    const result = await run(target, 'rotate', env)
    expect(result).toMatchObject({ outcome: 'stopped', code: 'ERR_STRAGGLERS' })
    expectEverybodyLogsIn(world)
  })

  test('I1 does not set the password of a slot that is used since it was opened', async () => {
    const { world, target } = arrange()
    const env = after(world, 'open', () => logIn(world, 'B'))
    const result = await run(target, 'rotate', env)
    expect(result).toMatchObject({ outcome: 'backed-out', activeSlot: 'A' })
    expectEverybodyLogsIn(world)
  })

  test('whose rotation is lost in a failover says so, whatever it heals afterwards', async () => {
    const { world, target } = arrange()
    let failsOver = false
    const env = after(world, 'roll', () => {
      world.addUser(USERNAMES.B, 'as it was long ago')
      failsOver = true
    })
    const admin: Target['database']['admin'] = async (...args) => {
      const session = await target.database.admin(...args)
      const sessions: AdminSession['sessions'] = async (...asked) => {
        if (!failsOver) return await session.sessions(...asked)
        failsOver = false
        return await gone()
      }
      return Object.assign(Object.create(session) as AdminSession, { sessions })
    }
    const database = { ...target.database, admin }
    const result = await run({ ...target, database }, 'rotate', env)
    expect(result.actions.map(({ step }) => step)).toContain('reconcile')
    expect(result).toMatchObject({ outcome: 'backed-out', activeSlot: 'A' })
    expect(result.what).toBe('The rotation was backed out: slot B does not log in.')
    for (const held of world.configs.values()) expect(world.accepts(held)).toBe(true)
  })

  test('opens another admin session when one breaks', async () => {
    const { world, target } = arrange()
    let opened = 0
    const admin: Target['database']['admin'] = async (...args) => {
      const session = await target.database.admin(...args)
      opened += 1
      return opened === 1 ? breaking(session) : session
    }
    const database = { ...target.database, admin }
    const result = await run({ ...target, database }, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
    expect(opened).toBe(2)
    expectEverybodyLogsIn(world)
  })

  test('heals and rotates in one go, and each has an id of its own', async () => {
    const { world, target } = arrange()
    world.store.overwrite(slotDocument('stale-password', 'b0-password'))
    const result = await run(target, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'rotated', failures: [] })
    expect(result.actions.map(({ step }) => step)).toEqual(
      'heal close open set flip publish publish roll drain stage retire close'.split(' '),
    )
  })

  test('names its versions as every other process that does the same', async () => {
    const [first, second] = await Promise.all([tokens(), tokens()])
    expect(first).toHaveLength(2)
    expect(second).toEqual(first)
    expect(new Set(first).size).toBe(2)
  })
})

async function gone(): Promise<never> {
  throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint: 'db', reason: 'ECONNRESET' })
}

/** A session that can count sessions and compare users, and then is gone. */
function breaking(session: AdminSession): AdminSession {
  let counted = 0
  return Object.assign(Object.create(session) as AdminSession, {
    setPassword: gone,
    sessions: async (...args: Parameters<AdminSession['sessions']>) =>
      counted++ === 0 ? await session.sessions(...args) : await gone(),
  })
}

async function tokens(): Promise<readonly string[]> {
  const { world, target } = arrange()
  const seen: string[] = []
  const stage: Target['store']['stage'] = async (value, token, call) => {
    seen.push(token)
    return await target.store.stage(value, token, call)
  }
  await run({ ...target, store: { ...target.store, stage } }, 'rotate', simEnvironment(world))
  return seen
}
