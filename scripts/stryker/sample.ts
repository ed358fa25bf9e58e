// Goal: a mutant that `decide.test.ts` kills is killed in tenths of a second, not in many of them.
// Method: the same assertions on one state in a thousand, which `scripts/stryker.ts` has drawn.
// What lives on meets all states afterwards.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decide } from '../../packages/rotator/src/domain/decide.ts'
import { brokenBy } from '../../packages/rotator/src/domain/invariants.ts'
import type { TwoSlotFacts } from '../../packages/rotator/src/domain/observed.ts'
import { plan } from '../../packages/rotator/src/domain/plan.ts'
import { INTENTS } from '../../packages/testkit/src/sim/states.ts'

const SAMPLE: readonly TwoSlotFacts[] = JSON.parse(readFileSync('sample.json', 'utf8'))

test('I1 I2 I3 I4 hold for the next action in a sample of states', () => {
  const unsafe = SAMPLE.filter((observed) =>
    INTENTS.some((intent) => {
      const decision = decide(observed, intent)
      return decision.kind === 'next' && brokenBy(observed, decision.action) !== undefined
    }),
  )
  expect(unsafe).toEqual([])
  expect(SAMPLE.length).toBeGreaterThan(2_000)
})

test('I5 every plan ends in a sample of states', () => {
  const endless = SAMPLE.filter((observed, n) => {
    const intent = INTENTS[n % INTENTS.length] ?? 'rotate'
    return plan(observed, intent).end.kind === 'undecided'
  })
  expect(endless).toEqual([])
})
