// Goal: what `plan` prints is what then runs. Method: from every start that goes through
// undisturbed,
// and from every point at which a run of it can be killed, compare the plan with the run.
import { describe, expect, test } from 'vitest'
import { look } from '../../../rotator/src/engine/look.ts'
import { run } from '../../../rotator/src/engine/run.ts'
import { simEnvironment } from './explore.ts'
import { Gate } from './faults.ts'
import type { Fault } from './faults.ts'
import { simTarget } from './ports.ts'
import { UNDISTURBED } from './starts.ts'
import type { Start } from './start.ts'
import { SimCrash, World } from './world.ts'

interface Compared {
  readonly planned: readonly string[]
  readonly executed: readonly string[]
  readonly calls: number
}

/** Kills a first run where the fault says, then plans and runs what is left. */
async function compare(start: Start, faults: readonly Fault[]): Promise<Compared> {
  const world = new World(start.options)
  start.arrange?.(world)
  const gate = new Gate(world, faults)
  const target = simTarget(world, gate)
  if (faults.length > 0) await killed(() => run(target, start.intent, simEnvironment(world)))
  world.lockHolder = undefined
  world.advance(60_000)
  const quiet = simTarget(world, new Gate(world, []))
  const planned = await look(quiet, start.intent, simEnvironment(world))
  const result = await run(quiet, start.intent, simEnvironment(world))
  const name = ({ step, slot, where }: { step: string; slot: string; where?: string }): string =>
    [step, slot, ...(where === undefined ? [] : [where])].join(' ')
  return {
    planned: planned?.plan.actions.map(name) ?? [],
    executed: result.actions.map(name),
    calls: gate.calls,
  }
}

async function killed(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof SimCrash)) throw error
  }
}

describe('plan', () => {
  test.each(UNDISTURBED)('equals the run from the start "$name"', async (start) => {
    const { planned, executed } = await compare(start, [])
    expect(executed).toEqual(planned)
  })

  test.each(UNDISTURBED)('equals the rest of a run killed anywhere from "$name"', async (start) => {
    let points = 0
    for (let at = 0; ; at++) {
      const { planned, executed, calls } = await compare(start, [{ at, mode: 'crash-after' }])
      expect(executed, `killed after call ${at}`).toEqual(planned)
      if (calls <= at) break
      points += 1
    }
    expect(points).toBeGreaterThan(5)
  })

  test('is empty when there is nothing to do', async () => {
    const [start] = UNDISTURBED
    const world = new World(start?.options)
    const target = simTarget(world, new Gate(world, []))
    const seen = await look(target, 'converge', simEnvironment(world))
    expect(seen?.plan).toEqual({ actions: [], end: { kind: 'settled' } })
  })
})
