// Goal: a mutant that the tests of all states kill is killed in tenths of a second, not in minutes.
// Method: the same assertions on a sample of the states, of targets with and without an initial
// user, which `scripts/stryker.ts` has drawn. `npm run test:stryker -- --states all` asks about all
// of them what lives on.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decide } from '../../packages/rotator/src/domain/decide.ts'
import { brokenBy } from '../../packages/rotator/src/domain/invariants.ts'
import type { TwoSlotFacts } from '../../packages/rotator/src/domain/observed.ts'
import { plan } from '../../packages/rotator/src/domain/plan.ts'
import type { Intent } from '../../packages/rotator/src/domain/plan.ts'
import { INTENTS, swapSlots } from '../../packages/testkit/src/sim/states.ts'

const SAMPLE: readonly TwoSlotFacts[] = JSON.parse(readFileSync('sample.json', 'utf8'))

test('I1 I2 I3 I4 hold for the next action in a sample of states', () => {
  const unsafe = SAMPLE.filter((observed) =>
    INTENTS.some((intent) => {
      const decision = decide(observed, intent)
      return decision.kind === 'next' && brokenBy(observed, decision.action) !== undefined
    }),
  )
  expect(unsafe).toEqual([])
  expect(SAMPLE.length).toBeGreaterThan(10_000)
})

/** One plan in five is enough: a plan passes through many states. */
const PLANNED = SAMPLE.filter((_, n) => n % 5 === 0).map((observed, n) => {
  return { observed, intent: INTENTS[n % INTENTS.length] ?? 'rotate' } as const
})

test('I5 every plan ends in a sample of states', () => {
  const endless = PLANNED.filter(({ observed, intent }) => {
    return plan(observed, intent).end.kind === 'undecided'
  })
  expect(endless).toEqual([])
})

test('neither slot is special in a sample of states', () => {
  const special = PLANNED.filter(({ observed, intent }) => {
    return slots(observed, intent) !== slots(swapSlots(observed), intent).replaceAll(/[AB]/g, other)
  })
  expect(special).toEqual([])
})

function slots(observed: TwoSlotFacts, intent: Intent): string {
  const { actions, end } = plan(observed, intent)
  const steps = actions.map(
    ({ step, slot }) => `${step} ${slot === 'A' || slot === 'B' ? slot : ''}`,
  )
  return [...steps, end.kind].join()
}

function other(letter: string): string {
  return letter === 'A' ? 'B' : 'A'
}
