// Goal: whatever dies or fails, whenever, applications can log in, no password is forgotten, and a
// later call finishes. Method: every external call of a rotation, struck in each way; then pairs,
// steps in any order, an edit at any call, and two functions at once.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ROTATION_STEPS } from '../../domain/four-steps.ts'
import type { FourStepStrategy } from '../../domain/four-steps.ts'
import { FAULT_MODES } from '../../../../testkit/src/sim/faults.ts'
import type { Fault } from '../../../../testkit/src/sim/faults.ts'
import { FourStepTrial } from '../../../../testkit/src/sim/four-steps.ts'

const STRATEGIES: readonly FourStepStrategy[] = ['single-user', 'alternating', 'dual-password']

async function callsOf(strategy: FourStepStrategy, rotations = 2): Promise<number> {
  const trial = new FourStepTrial(strategy)
  for (let rotation = 0; rotation < rotations; rotation++) await trial.rotate()
  expect(trial.broken).toEqual([])
  return trial.gate.calls
}

describe.each(STRATEGIES)('a rotation in four steps, %s', (strategy) => {
  test('settles and keeps the invariants without a fault, twice', async () => {
    expect(await callsOf(strategy)).toBeGreaterThan(10)
  })

  test.each(FAULT_MODES)('survives %s at every call', async (mode) => {
    const calls = await callsOf(strategy)
    for (let at = 0; at < calls; at++) {
      const trial = new FourStepTrial(strategy, [{ at, mode }])
      await trial.rotate()
      await trial.rotate()
      expect({ at, broken: trial.broken }).toEqual({ at, broken: [] })
    }
  })

  test('survives several faults', async () => {
    const most = 2 * (await callsOf(strategy))
    const fault = fc.record({ at: fc.nat(most), mode: fc.constantFrom(...FAULT_MODES) })
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 2, maxLength: 4 }), async (faults) => {
        const trial = new FourStepTrial(strategy, faults)
        await trial.rotate()
        await trial.rotate()
        expect(trial.broken).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  test('steps in any order change nothing that they must not, and a rotation goes on', async () => {
    const steps = fc.array(fc.constantFrom(...ROTATION_STEPS), { maxLength: 8 })
    const faults = fc.array(fc.record({ at: fc.nat(60), mode: fc.constantFrom(...FAULT_MODES) }), {
      maxLength: 2,
    })
    await fc.assert(
      fc.asyncProperty(steps, faults, async (order, struck: readonly Fault[]) => {
        const trial = new FourStepTrial(strategy, struck)
        const token = trial.secret.announce()
        for (const step of order) await trial.visit(step, token)
        await trial.rotate()
        expect(trial.broken).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

test('two functions at once, step by step, do what one does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...STRATEGIES), fc.scheduler(), async (strategy, s) => {
      const trial = new FourStepTrial(strategy)
      trial.pause = async () => await s.schedule(Promise.resolve())
      const token = trial.secret.announce()
      for (const step of ROTATION_STEPS) {
        const both = Promise.all([trial.visit(step, token), trial.visit(step, token)])
        const results = await s.waitFor(both)
        expect(results.map((result) => result?.outcome)).toEqual(['done', 'done'])
      }
      expect(trial.broken).toEqual([])
      expect(trial.secret.hasLabel(token, 'AWSCURRENT')).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test.each(STRATEGIES)('an edit of the secret at any call loses nobody, %s', async (strategy) => {
  // Later an edit takes AWSPREVIOUS from a second password that ends with the next rotation.
  const calls = await callsOf(strategy, 1)
  const edit = (trial: FourStepTrial): void => {
    const document: unknown = JSON.parse(trial.secret.value('AWSCURRENT') ?? '')
    trial.secret.write(JSON.stringify({ ...Object(document), note: 'edited' }))
  }
  for (let at = 0; at < calls; at++) {
    const trial = new FourStepTrial(strategy, [], { at, what: edit })
    for (let round = 0; round < 3; round++) await trial.attempt()
    // One user's staged password that is in force is left to a person.
    if (strategy === 'alternating') await trial.rotate()
    expect({ at, broken: trial.broken }).toEqual({ at, broken: [] })
    expect(JSON.parse(trial.secret.value('AWSCURRENT') ?? '')).toMatchObject({ note: 'edited' })
  }
})

test('the checker sees a password that is lost', () => {
  const trial = new FourStepTrial('single-user')
  trial.world.setPassword('svc', 'nobody knows it')
  trial.check('now')
  expect(isDeepStrictEqual(trial.broken, [])).toBe(false)
})
