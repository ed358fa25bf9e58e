import { describe, expect, test } from 'vitest'
import { expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { Gate } from '../../../testkit/src/sim/faults.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import { simTarget } from '../../../testkit/src/sim/ports.ts'
import { World } from '../../../testkit/src/sim/world.ts'
import { RotatorError } from '../errors.ts'
import type { Target } from '../ports/target.ts'
import type { RunResult } from './result.ts'
import { run } from './run.ts'

/** Rolls of 60 virtual seconds, of which a new process sees nothing. */
function slowWorld(): World {
  return new World({ rollEveryMs: 20_000, forgets: true })
}

/** A run of a process of its own; it is told to stop when a roll has gone on for so long. */
async function process(
  world: World,
  stopAfterMs = Infinity,
  change: (target: Target) => Target = (target) => target,
): Promise<RunResult> {
  world.processes += 1
  const stop = new AbortController()
  const environment = simEnvironment(world, stop.signal)
  const target = change(simTarget(world, new Gate(world, [])))
  return await run(target, 'rotate', {
    ...environment,
    events: {
      emit: (event) => {
        const isOver = event.code === 'STEP_WAITING' && event.waitedMs >= stopAfterMs
        if (isOver && event.step === 'roll') stop.abort('SIGTERM')
      },
    },
  })
}

function pendingRolls(world: World): unknown {
  const { pending } = world.store.truth
  const document = pending === undefined ? undefined : world.store.document(pending)
  return Object(document)['rotation']?.rolls
}

describe('a roll that the process before this one has begun', () => {
  test('is not begun again once it has gone on for half a minute', async () => {
    const world = slowWorld()
    expect((await process(world, 31_000)).outcome).toBe('stopped')
    expect(pendingRolls(world)).toEqual({ web: expect.stringMatching(/^receipt of /) })
    expect((await process(world)).outcome).toBe('rotated')
    expect(world.fleet.begun).toBe(1)
    expectEverybodyLogsIn(world)
  })

  test('is begun again when it was younger, and nobody is cut off', async () => {
    const world = slowWorld()
    expect((await process(world, 10_000)).outcome).toBe('stopped')
    expect(pendingRolls(world)).toBeUndefined()
    expect((await process(world)).outcome).toBe('rotated')
    expect(world.fleet.begun).toBe(2)
    expectEverybodyLogsIn(world)
  })

  test('is known by process after process, so short ones come to an end, too', async () => {
    const world = slowWorld()
    await process(world, 31_000)
    await process(world, 5_000)
    await process(world, 5_000)
    expect((await process(world)).outcome).toBe('rotated')
    expect(world.fleet.begun).toBe(1)
  })

  test('counts for nothing where something had to be published after it', async () => {
    const world = slowWorld()
    await process(world, 31_000)
    const drifted = { username: USERNAMES.A, password: 'a0-password' }
    world.setConfig('job.json', drifted)
    expect((await process(world)).outcome).toBe('rotated')
    expect(world.fleet.begun).toBe(2)
    expectEverybodyLogsIn(world)
  })

  test('counts for nothing, either, for the process after the one that published', async () => {
    const world = slowWorld()
    await process(world, 31_000)
    world.setConfig('job.json', { username: USERNAMES.A, password: 'a0-password' })
    const dies = new RotatorError('ERR_STORE_KEY', { secret: '', problem: 'it dies here' })
    const beforeItsRoll = (target: Target): Target => ({
      ...target,
      runtimes: target.runtimes.map((runtime) => ({
        ...runtime,
        roll: async () => {
          throw new Error('killed', { cause: dies })
        },
      })),
    })
    await expect(process(world, Infinity, beforeItsRoll)).rejects.toThrow('killed')
    world.lockHolder = undefined
    expect(pendingRolls(world)).toEqual({})
    expect((await process(world)).outcome).toBe('rotated')
    expect(world.fleet.begun).toBe(2)
    expectEverybodyLogsIn(world)
  })

  test('leaves no trace in the document that is in force', async () => {
    const world = slowWorld()
    await process(world)
    const { current } = world.store.truth
    expect(JSON.stringify(world.store.document(current))).not.toContain('receipt')
    expect(world.fleet.begun).toBe(1)
  })
})

describe('a note that cannot be written', () => {
  test('does not disturb the roll', async () => {
    const world = slowWorld()
    const refusing = (target: Target): Target => ({
      ...target,
      store: {
        ...target.store,
        stage: async (value, token, call) => {
          if (value.reveal().includes('receipt'))
            throw new RotatorError('ERR_STORE_THROTTLED', { secret: 's', operation: 'stage' })
          return await target.store.stage(value, token, call)
        },
      },
    })
    const result = await process(world, Infinity, refusing)
    expect(result).toMatchObject({ outcome: 'rotated', failures: [] })
  })
})

describe('a quick roll', () => {
  test('is not noted: a rotation stays two writes', async () => {
    const world = new World({ forgets: true })
    let writes = 0
    const counting = (target: Target): Target => ({
      ...target,
      store: {
        ...target.store,
        stage: async (...args) => {
          writes += 1
          return await target.store.stage(...args)
        },
      },
    })
    expect((await process(world, Infinity, counting)).outcome).toBe('rotated')
    expect(writes).toBe(2)
  })
})
