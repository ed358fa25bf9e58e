// Goal: nothing begins that may not, and what has begun is finished. Method: real engine, simulated
// world, with an audit that fails, windows that are closed, and plans that were approved.
import { describe, expect, test } from 'vitest'
import { arrange, expectEverybodyLogsIn } from '../../../testkit/src/sim/arrange.ts'
import { Gate } from '../../../testkit/src/sim/faults.ts'
import { simEnvironment } from '../../../testkit/src/sim/explore.ts'
import { simTarget } from '../../../testkit/src/sim/ports.ts'
import type { World } from '../../../testkit/src/sim/world.ts'
import type { ApprovedPlan } from '../domain/approval.ts'
import type { RotationEvent } from '../domain/events.ts'
import type { Window } from '../domain/windows.ts'
import { RotatorError } from '../errors.ts'
import type { EventSink } from '../ports/events.ts'
import type { Target } from '../ports/target.ts'
import type { Environment } from './environment.ts'
import { look } from './look.ts'
import { run } from './run.ts'

/** An audit that cannot write from the event on for which this is true. */
function failing(from: (event: RotationEvent) => boolean): EventSink {
  let trouble: RotatorError | undefined
  return {
    get trouble() {
      return trouble
    },
    emit: (event) => {
      if (from(event)) trouble ??= new RotatorError('ERR_AUDIT', { file: 'f', problem: 'full' })
    },
  }
}

describe('a run that cannot be recorded', () => {
  test('does not begin when its first event is lost: it does not even look', async () => {
    const { world, target } = arrange()
    const events = failing(() => true)
    const result = await run(target, 'rotate', { ...simEnvironment(world), events })
    expect(result).toMatchObject({ outcome: 'failed', code: 'ERR_AUDIT', actions: [] })
    expect(result.state).toBe('Nothing could be observed; this run has changed nothing.')
  })

  test('does not begin when an event before its first action is lost', async () => {
    const { world } = arrange()
    const before = world.store.truth
    const target = simTarget(world, new Gate(world, [{ at: 2, mode: 'error-before' }]))
    const events = failing(({ code }) => code === 'RETRYING')
    const result = await run(target, 'rotate', { ...simEnvironment(world), events })
    expect(result).toMatchObject({ outcome: 'failed', code: 'ERR_AUDIT', actions: [] })
    expect(world.store.truth).toBe(before)
  })

  test('goes on to its end when it has begun', async () => {
    const { world, target } = arrange()
    const events = failing((event) => event.code === 'STEP_STARTED' && event.step === 'flip')
    const result = await run(target, 'rotate', { ...simEnvironment(world), events })
    expect(result).toMatchObject({ outcome: 'rotated', failures: [] })
    expectEverybodyLogsIn(world)
  })
})

/** Monday, 23 November 2026, 01:30 in Berlin. */
const MONDAY = Date.parse('2026-11-23T00:30:00Z')

const NIGHT: Window = { days: ['mon'], from: 120, to: 240, timezone: 'Europe/Berlin' }

function within(target: Target, windows: readonly Window[]): Target {
  return { ...target, policy: { ...target.policy, windows } }
}

describe('outside of every window', () => {
  test('no rotation is started, and it is said when the next one opens', async () => {
    const { world, target } = arrange({ beginsAt: MONDAY })
    const before = world.store.truth
    const result = await run(within(target, [NIGHT]), 'rotate', simEnvironment(world))
    expect(result).toMatchObject({ outcome: 'refused', code: 'OUTSIDE_WINDOW', actions: [] })
    expect(result.what).toContain('opens at 2026-11-23T01:00Z (mon 02:00 Europe/Berlin)')
    expect(world.store.truth).toBe(before)
  })

  test('one is started by force, which is told', async () => {
    const { world, target } = arrange({ beginsAt: MONDAY })
    const events: RotationEvent[] = []
    const sink = { emit: (event: RotationEvent) => void events.push(event) }
    const env = { ...simEnvironment(world), events: sink, forced: true }
    const result = await run(within(target, [NIGHT]), 'rotate', env)
    expect(result.outcome).toBe('rotated')
    const forced = events.filter(({ code }) => code === 'WINDOW_FORCED')
    expect(forced).toMatchObject([{ opensAt: '2026-11-23T01:00:00.000Z' }])
  })

  test('an urgent one is started, which is told, too', async () => {
    const { world, target } = arrange({ beginsAt: MONDAY, urgent: true })
    const codes = new Set<string>()
    const events = { emit: ({ code }: RotationEvent) => void codes.add(code) }
    const env = { ...simEnvironment(world), events }
    expect((await run(within(target, [NIGHT]), 'rotate', env)).outcome).toBe('rotated')
    expect(codes).toContain('WINDOW_FORCED')
  })

  test.each(['rotate', 'converge', 'back-out'] as const)(
    'an open rotation is finished: %s',
    async (intent) => {
      const { world, target } = arrange({ beginsAt: MONDAY + 3_600_000 })
      const stop = new AbortController()
      const emit = ({ code }: RotationEvent): void => {
        if (code === 'STEP_APPLIED') stop.abort('SIGTERM')
      }
      const env = { ...simEnvironment(world, stop.signal), events: { emit } }
      const bound = within(target, [NIGHT])
      expect(await run(bound, 'rotate', env)).toMatchObject({ outcome: 'stopped' })
      world.advance(3 * 3_600_000)
      const result = await run(bound, intent, simEnvironment(world))
      expect(result.outcome).toBe(intent === 'back-out' ? 'backed-out' : 'rotated')
    },
  )
})

describe('within a window', () => {
  test('a rotation is started without a word about it, and ends after the window', async () => {
    const { world, target } = arrange({ beginsAt: Date.parse('2026-11-23T02:59:59Z') })
    const codes = new Set<string>()
    const events = { emit: ({ code }: RotationEvent) => void codes.add(code) }
    const env = { ...simEnvironment(world), events }
    const result = await run(within(target, [NIGHT]), 'rotate', env)
    expect(result.outcome).toBe('rotated')
    expect(new Date(world.now).toISOString() > '2026-11-23T03:00').toBe(true)
    expect(codes).not.toContain('WINDOW_FORCED')
  })
})

describe('under an approved plan', () => {
  async function approved(world: World, target: Target): Promise<ApprovedPlan> {
    const seen = await look(target, 'rotate', simEnvironment(world))
    if (seen === undefined) throw new Error('nothing was seen')
    return { ...seen.basis, hash: 'h' }
  }

  test('what was approved is done, and the secret names the plan', async () => {
    const { world, target } = arrange()
    const env: Environment = {
      ...simEnvironment(world),
      approved: await approved(world, target),
    }
    expect(await run(target, 'rotate', env)).toMatchObject({ outcome: 'rotated', plan: 'h' })
    expect(world.store.document(world.store.truth.current)?.last).toMatchObject({ plan: 'h' })
    const again = await run(target, 'rotate', env)
    expect(again).toMatchObject({ outcome: 'settled', actions: [] })
    expect(again.what).toContain('carried out already')
  })

  test('another is refused before anything is written', async () => {
    const { world, target } = arrange()
    const plan = await approved(world, target)
    await run(target, 'rotate', simEnvironment(world))
    const before = world.store.truth
    const env = { ...simEnvironment(world), approved: plan }
    const result = await run(target, 'rotate', env)
    expect(result).toMatchObject({ outcome: 'refused', code: 'PLAN_DRIFTED', actions: [] })
    expect(world.store.truth).toBe(before)
  })

  test('a rotation of somebody else is not finished under it', async () => {
    const { world, target } = arrange()
    const plan = await approved(world, target)
    const stop = new AbortController()
    const emit = ({ code }: RotationEvent): void => {
      if (code === 'STEP_APPLIED') stop.abort('SIGTERM')
    }
    await run(target, 'rotate', { ...simEnvironment(world, stop.signal), events: { emit } })
    const env = { ...simEnvironment(world), approved: plan }
    expect(await run(target, 'rotate', env)).toMatchObject({ code: 'PLAN_DRIFTED' })
    expect((await run(target, 'converge', simEnvironment(world))).outcome).toBe('rotated')
  })
})
