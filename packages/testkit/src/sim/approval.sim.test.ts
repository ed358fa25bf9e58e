// Goal: under an approved plan nothing else is done, and what a killed run has begun can be
// finished under the same plan. Method: from every start that goes through undisturbed, approve
// what is planned, kill the run at every call, run again with the same plan until it ends.
import { describe, expect, test } from 'vitest'
import type { ApprovedPlan } from '../../../rotator/src/domain/approval.ts'
import type { RotationEvent } from '../../../rotator/src/domain/events.ts'
import type { Environment } from '../../../rotator/src/engine/environment.ts'
import { look } from '../../../rotator/src/engine/look.ts'
import type { RunResult } from '../../../rotator/src/engine/result.ts'
import { run } from '../../../rotator/src/engine/run.ts'
import { simEnvironment } from './explore.ts'
import { Gate } from './faults.ts'
import type { Fault, FaultMode } from './faults.ts'
import { simTarget } from './ports.ts'
import type { Start } from './start.ts'
import { UNDISTURBED } from './starts.ts'
import { SimCrash, World } from './world.ts'

/** An urgent run waits for no plan. */
const PLANNABLE = UNDISTURBED.filter(({ options }) => !options.urgent)

interface Ran {
  readonly result: RunResult | undefined
  readonly approved: ApprovedPlan
  /** Steps that were applied, over all runs. */
  readonly steps: readonly string[]
  readonly calls: number
}

/** Runs under what was approved; where a fault kills the run, again and without faults. */
async function runApproved(start: Start, faults: readonly Fault[]): Promise<Ran | undefined> {
  const world = new World(start.options)
  start.arrange?.(world)
  const quiet = simTarget(world, new Gate(world, []))
  const seen = await look(quiet, start.intent, simEnvironment(world))
  if (seen?.plan.end.kind !== 'settled') return undefined
  const approved = { ...seen.basis, hash: 'approved' }
  const steps: string[] = []
  const emit = (event: RotationEvent): void => {
    if (event.code === 'STEP_STARTED') steps.push(`${event.step} ${event.slot}`)
  }
  const env: Environment = { ...simEnvironment(world), approved, events: { emit } }
  const gate = new Gate(world, faults)
  let result = await survived(() => run(simTarget(world, gate), start.intent, env))
  if (result === undefined) {
    world.lockHolder = undefined
    world.advance(60_000)
    result = await survived(() => run(quiet, start.intent, env))
  }
  return { result, approved, steps, calls: gate.calls }
}

/** @returns undefined when the process died */
async function survived(work: () => Promise<RunResult>): Promise<RunResult | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SimCrash) return undefined
    throw error
  }
}

describe('an approved plan', () => {
  test.each(PLANNABLE)('is carried out from the start "$name"', async (start) => {
    const ran = await runApproved(start, [])
    expect(ran?.result?.code).toBeUndefined()
    expect(ran?.steps ?? []).toEqual(
      ran?.approved.actions.map(({ step, slot }) => `${step} ${slot}`) ?? [],
    )
  })

  test.each(PLANNABLE)('is finished by the next run when killed, from "$name"', async (start) => {
    for (const mode of ['crash-before', 'crash-after'] as const satisfies readonly FaultMode[]) {
      for (let at = 0; ; at++) {
        const ran = await runApproved(start, [{ at, mode }])
        if (ran === undefined || ran.calls <= at) break
        const { result, approved, steps } = ran
        expect(result?.what, `${mode} at ${at}`).not.toContain('PLAN_DRIFTED')
        expect([...start.ends, 'settled']).toContain(result?.outcome)
        const planned = new Set(approved.actions.map(({ step, slot }) => `${step} ${slot}`))
        expect(steps.filter((step) => !planned.has(step))).toEqual([])
      }
    }
  })
})
