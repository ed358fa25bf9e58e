// Goal: what a caller has read spares a run the calls, and is never believed for longer than that.
// Method: real engine, simulated world; readings from before another run stand for the first ones.
import { describe, expect, test } from 'vitest'
import { expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { Gate } from '../../../testkit/src/sim/faults.ts'
import type { Fault } from '../../../testkit/src/sim/faults.ts'
import type { WorldOptions } from '../../../testkit/src/sim/names.ts'
import { simTarget } from '../../../testkit/src/sim/ports.ts'
import { SimCrash, World } from '../../../testkit/src/sim/world.ts'
import type { Target } from '../ports/target.ts'
import { parseFlatVersion } from './documents/parse-version.ts'
import type { Known } from './environment.ts'
import { run } from './run.ts'

interface Scene {
  readonly world: World
  readonly target: Target
  readonly gate: Gate
}

/** A store that may lag, as every store whose reading may stand for another. */
function lagging(options: WorldOptions = {}): Scene {
  const world = new World({ staleReadMs: 3_000, ...options })
  const gate = new Gate(world, [])
  return { world, gate, target: simTarget(world, gate) }
}

async function readBoth({ admin, store }: Target): Promise<Required<Known>> {
  const call = { signal: new AbortController().signal }
  const version = await admin.version('AWSCURRENT', call)
  if (version === undefined) throw new Error('the world has no admin')
  const { credential } = parseFlatVersion(version, 'admin').document
  return { admin: credential, store: await store.read(call) }
}

/** The other rotator, which may be killed. */
async function rotateOrDie({ world, target }: Scene): Promise<'died' | 'ended'> {
  try {
    await run(target, 'rotate', simEnvironment(world))
    return 'ended'
  } catch (error) {
    if (!(error instanceof SimCrash)) throw error
    world.processes += 1
    world.lockHolder = undefined
    return 'died'
  }
}

describe('what is known', () => {
  test('spares a run its first reading of the store and of the admin', async () => {
    const { world, target, gate } = lagging()
    const known = await readBoth(target)
    const before = gate.log.length
    const result = await run(target, 'rotate', { ...simEnvironment(world), known })
    expect(result.outcome).toBe('rotated')
    const reads = gate.log
      .slice(before)
      .filter((call) => /^(store|admin)\.(read|version)/.test(call))
    expect(reads).toEqual([])
    expectEverybodyLogsIn(world)
  })

  test('is not believed of a store that never lags, whose readings nobody doubts', async () => {
    const { world, target, gate } = lagging({ staleReadMs: 0 })
    const known = await readBoth(target)
    const before = gate.log.length
    const result = await run(target, 'rotate', { ...simEnvironment(world), known })
    expect(result.outcome).toBe('rotated')
    expect(gate.log.slice(before)).toContain('store.read')
    expectEverybodyLogsIn(world)
  })

  test('does not keep a run from the admin secret when its login is refused', async () => {
    const { world, target } = lagging()
    const known = await readBoth(target)
    const other = { ...known.admin, username: 'somebody-else' }
    const env = { ...simEnvironment(world), known: { admin: other } }
    expect((await run(target, 'rotate', env)).outcome).toBe('rotated')
    expectEverybodyLogsIn(world)
  })

  test.each([
    { on: 'slots', options: {} },
    { on: 'the initial user', options: { initial: true } },
  ])('I1 I2 I5 harms nobody on $on when another run has come between', async ({ options }) => {
    let calls = 0
    for (let at = 0; at <= calls; at++) {
      for (const mode of ['crash-before', 'crash-after'] as const) {
        const quiet = lagging(options)
        const known = await readBoth(quiet.target)
        const scene = { ...quiet, ...dying(quiet.world, { at, mode }) }
        const end = await rotateOrDie(scene)
        calls = end === 'ended' ? calls : at + 1
        const env = { ...simEnvironment(quiet.world), known }
        const result = await run(quiet.target, 'rotate', env)
        const where = `${mode} call ${at}: ${result.outcome} ${result.what}`
        expect(['rotated', 'healed', 'backed-out'], where).toContain(result.outcome)
        quiet.world.advance(10_000)
        const settled = await run(quiet.target, 'converge', simEnvironment(quiet.world))
        expect(settled.outcome, where).toBe('settled')
        expectEverybodyLogsIn(quiet.world)
      }
    }
    expect(calls).toBeGreaterThan(20)
  })
})

function dying(world: World, fault: Fault): Pick<Scene, 'target' | 'gate'> {
  const gate = new Gate(world, [fault])
  return { gate, target: simTarget(world, gate) }
}
