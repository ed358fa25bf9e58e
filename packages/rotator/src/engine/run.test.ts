// Goal: every way in which a run can end is told rightly and leaves everybody able to log in.
// Method: real engine, simulated world; the world is arranged, the run's result and the world are
// read.
import { describe, expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { Gate } from '../../../testkit/src/sim/faults.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { simTarget } from '../../../testkit/src/sim/ports.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import { World } from '../../../testkit/src/sim/world.ts'
import type { RotationEvent } from '../domain/events.ts'
import { RotatorError } from '../errors.ts'
import type { Target } from '../ports/target.ts'
import { run } from './run.ts'

/** A config target whose disk is full from now on. */
function unwritable(target: Target, id: string): Target {
  const fail = async (): Promise<never> => {
    throw new RotatorError('ERR_TARGET_DISK_FULL', { path: id })
  }
  return {
    ...target,
    configs: target.configs.map((config) =>
      config.id === id ? { id, read: (call) => config.read(call), write: fail } : config,
    ),
  }
}

describe('run', () => {
  test('rotates and says so, with the actions it took', async () => {
    const { world, target } = arrange()
    const result = await run(target, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'rotated', activeSlot: 'B', todo: '', failures: [] })
    expect(result.actions.map(({ step }) => step)).toEqual(
      'open set flip publish publish roll drain stage retire close'.split(' '),
    )
    expectEverybodyLogsIn(world)
  })

  test('alternates: five runs in a row change the slot and both passwords each time', async () => {
    const { world, target } = arrange()
    const seen = new Set(['a0-password', 'b0-password'])
    for (const active of ['B', 'A', 'B', 'A', 'B'] as const) {
      const result = await run(target, 'rotate', simEnvironment(world))
      expect(result.activeSlot).toBe(active)
      for (const username of [USERNAMES.A, USERNAMES.B]) {
        const password = world.users.get(username)?.password ?? ''
        expect(seen.has(password)).toBe(false)
        seen.add(password)
      }
    }
    expectEverybodyLogsIn(world)
  })

  test('does nothing when nothing is open and nothing was asked for', async () => {
    const { world, target } = arrange()
    const result = await run(target, 'converge', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'settled', actions: [] })
  })

  test('keeps unknown keys of the document and their order', async () => {
    const { world, target } = arrange()
    await run(target, 'rotate', simEnvironment(world))
    const { versions, current } = world.store.truth
    const keys = Object.keys(JSON.parse(versions.get(current)?.value ?? '{}') as object)
    expect(keys).toEqual(['active_slot', 'A', 'B', 'owner', 'last'])
  })

  test('writes the secret twice and moves labels twice in a whole rotation', async () => {
    const world = new World()
    const gate = new Gate(world, [])
    await run(simTarget(world, gate), 'rotate', simEnvironment(world))
    const count = (name: string): number => gate.log.filter((call) => call === name).length
    expect([count('store.stage'), count('store.promote'), count('db.admin')]).toEqual([2, 2, 1])
    // Two endpoints: both slots at the beginning, and one proof after each password.
    expect(count('db.login')).toBe(8)
  })

  test('names the straggler and stops before the point of no return', async () => {
    const { world, target } = arrange()
    const held = { username: USERNAMES.A, password: 'a0-password' }
    world.fleet.stragglers = [...world.fleet.stragglers, { held, until: 9e15 }]
    const result = await run(target, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'stopped', code: 'ERR_STRAGGLERS' })
    expect(result.what).toContain('app_a by web from 10.0.0.7 on db.example:5432')
    expect(world.accepts(held)).toBe(true)
    expectEverybodyLogsIn(world)
  })

  test('turns back when a config target cannot be written, and says what failed', async () => {
    const { world, target } = arrange()
    const result = await run(unwritable(target, 'job.json'), 'rotate', simEnvironment(world))
    expect(result).toMatchObject({
      outcome: 'backed-out',
      code: 'ERR_TARGET_DISK_FULL',
      activeSlot: 'A',
      failures: [{ step: 'publish', code: 'ERR_TARGET_DISK_FULL' }],
    })
    expect(result.what).toMatch(/backed out: publish failed: ERR_TARGET_DISK_FULL\. .*job\.json/)
    expectEverybodyLogsIn(world)
  })

  test('says what turned it back, and not what it got past before', async () => {
    const { world, target } = arrange()
    const { read, ...store } = unwritable(target, 'job.json').store
    const answers = [new RotatorError('ERR_STORE_THROTTLED', { secret: 's', operation: 'read' })]
    const throttled: typeof read = async (call) => {
      const error = answers.pop()
      if (error) throw error
      return await read(call)
    }
    const slow = { ...unwritable(target, 'job.json'), store: { ...store, read: throttled } }
    const result = await run(slow, 'rotate', simEnvironment(world))
    expect(result.failures[0]).toMatchObject({ code: 'ERR_STORE_THROTTLED' })
    expect(result).toMatchObject({ outcome: 'backed-out', code: 'ERR_TARGET_DISK_FULL' })
    expect(result.todo).toContain('Free space')
    expectEverybodyLogsIn(world)
  })

  test('reports both failures when backing out fails, too', async () => {
    const { world, target } = arrange()
    world.setConfig('job.json', { username: USERNAMES.A, password: 'a0-password' })
    let writes = 0
    const flaky: Target = {
      ...target,
      configs: target.configs.map((config) => ({
        id: config.id,
        read: (call) => config.read(call),
        write: async (credential, call) => {
          writes += 1
          if (writes > 1) throw new RotatorError('ERR_TARGET_DISK_FULL', { path: config.id })
          await config.write(credential, call)
        },
      })),
    }
    const result = await run(flaky, 'rotate', simEnvironment(world))
    expect(result.outcome).toBe('stopped')
    expect(result.failures.map(({ step }) => step)).toEqual(['publish', 'publish'])
    expectEverybodyLogsIn(world)
  })

  test('backs out when asked to, before and after the flip', async () => {
    for (const steps of [1, 3]) {
      const { world, target } = arrange()
      const stop = new AbortController()
      const env = simEnvironment(world, stop.signal)
      let applied = 0
      const events = {
        emit: (event: RotationEvent): void => {
          if (event.code === 'STEP_APPLIED' && ++applied === steps) stop.abort('SIGTERM')
        },
      }
      const first = await run(target, 'rotate', { ...env, events })
      expect(first).toMatchObject({ outcome: 'stopped', code: 'ERR_INTERRUPTED' })
      const second = await run(target, 'back-out', simEnvironment(world))
      expect(second).toMatchObject({ outcome: 'backed-out', activeSlot: 'A' })
      expectEverybodyLogsIn(world)
    }
  })

  test('ends the wait of a drain at once when it is asked to stop', async () => {
    const { world, target } = arrange()
    const held = { username: USERNAMES.A, password: 'a0-password' }
    world.fleet.stragglers = [...world.fleet.stragglers, { held, until: 9e15 }]
    const stop = new AbortController()
    const events = {
      emit: (event: RotationEvent): void => {
        if (event.code === 'STEP_WAITING' && event.step === 'drain') stop.abort('SIGINT')
      },
    }
    const result = await run(target, 'rotate', { ...simEnvironment(world, stop.signal), events })
    expect(result).toMatchObject({ outcome: 'stopped', code: 'ERR_INTERRUPTED' })
    expect(result.what).toContain('SIGINT')
    expect(result.state).toContain('Rotation A→B is open')
  })

  test('tells who holds the lock and does nothing', async () => {
    const { world, target } = arrange()
    world.lockHolder = {}
    const result = await run(target, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'locked', code: 'LOCKED', actions: [] })
    expect(result.what).toContain('another simulated run')
  })

  test('turns back before the flip when an endpoint never accepts the new password', async () => {
    const { world, target } = arrange({ replicaLagMs: 9e15 })
    const result = await run(target, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'backed-out', code: 'ERR_DEADLINE', activeSlot: 'A' })
    expect(result.actions.map(({ step }) => step)).not.toContain('flip')
  })

  test('gives a step up that is applied again and again without effect', async () => {
    const { world, target } = arrange()
    const configs = target.configs.map(({ id, read }) => ({
      id,
      read,
      write: async () => undefined,
    }))
    const result = await run({ ...target, configs }, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'backed-out', code: 'ERR_NO_EFFECT', activeSlot: 'A' })
    expectEverybodyLogsIn(world)
  })

  test('gives up after failures in a row and says that running again is safe', async () => {
    const { world, target } = arrange()
    const down = async (): Promise<never> => {
      throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint: 'db', reason: 'ECONNREFUSED' })
    }
    const database = { ...target.database, login: down }
    const result = await run({ ...target, database }, 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'failed', code: 'ERR_DB_UNREACHABLE' })
    expect(result.failures).toHaveLength(6)
    expect(result.todo).toContain('Do not reset any password')
  })
})

describe('I6', () => {
  test('no password is in the result or in any event, whatever fails', async () => {
    const world = new World({ unhealthyOn: 'B' })
    const told: unknown[] = []
    const faults = [
      { at: 12, mode: 'error-after' } as const,
      { at: 30, mode: 'error-before' } as const,
    ]
    const target = simTarget(world, new Gate(world, faults))
    const events = { emit: (event: RotationEvent): void => void told.push(event) }
    const result = await run(target, 'rotate', { ...simEnvironment(world), events })
    const text = JSON.stringify([told, result])
    const passwords = [...world.users.values()].map(({ password }) => password)
    for (const password of [...passwords, 'a0-password', 'b0-password', 'c0-password'])
      expect(text).not.toContain(password)
    expect(told.length).toBeGreaterThan(20)
  })

  test('an error that quotes a password is scrubbed, causes and all', async () => {
    const { world, target } = arrange()
    const leaky = async (): Promise<never> => {
      const cause = new Error('rejected value a0-password')
      throw new RotatorError(
        'ERR_DB_STATEMENT',
        {
          endpoint: 'db',
          operation: "near 'a0-password'",
          sqlstate: '42601',
        },
        { cause },
      )
    }
    const database = { ...target.database, login: leaky }
    const result = await run({ ...target, database }, 'rotate', simEnvironment(world))
    expect(result.what).toContain('[secret]')
    expect(JSON.stringify(result)).not.toContain('a0-password')
  })
})
