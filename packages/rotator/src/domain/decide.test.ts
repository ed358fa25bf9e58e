// Goal: no state whatsoever leads to an action that could hurt a consumer, and neither slot is
// special.
// Method: enumerate every combination of facts, decide, and judge the action by the invariants
// alone.
import { describe, expect, test } from 'vitest'
import {
  INTENTS,
  twoSlotStates,
  singleUserStates,
  swapSlots,
} from '../../../testkit/src/sim/states.ts'
import { decide } from './decide.ts'
import { brokenBy } from './invariants.ts'
import type { Observed } from './observed.ts'
import { plan } from './plan.ts'
import type { Decision } from './plan.ts'

function unsafe(observed: Observed, decision: Decision): string | undefined {
  if (decision.kind !== 'next') return undefined
  const id = brokenBy(observed, decision.action)
  return id && `${id} ${JSON.stringify({ decision, observed })}`
}

describe('decide', () => {
  test('I1 I2 I3 I4 hold for the next action in every state with two slots', () => {
    let states = 0
    const found: string[] = []
    for (const observed of twoSlotStates()) {
      for (const intent of INTENTS) {
        states += 1
        const problem = unsafe(observed, decide(observed, intent))
        if (problem !== undefined && found.length < 3) found.push(problem)
      }
    }
    expect(found).toEqual([])
    expect(states).toBeGreaterThan(1_000_000)
  }, 60_000)

  test('I1 I2 I3 I4 hold for the next action in every single-user state', () => {
    const found = [...singleUserStates()].flatMap((observed) =>
      INTENTS.flatMap((intent) => unsafe(observed, decide(observed, intent)) ?? []),
    )
    expect(found).toEqual([])
  })

  test('swapping the letters in the facts swaps them in the plan', () => {
    let compared = 0
    const found: string[] = []
    for (const observed of twoSlotStates()) {
      compared += 1
      if (compared % 7 !== 0) continue
      const straight = decide(observed, 'rotate')
      const mirrored = decide(swapSlots(observed), 'rotate')
      if (shape(straight) !== swapLetters(shape(mirrored)) && found.length < 3)
        found.push(JSON.stringify({ straight, mirrored }))
    }
    expect(found).toEqual([])
  }, 60_000)

  test('I5 every plan ends, from every single-user state', () => {
    const endless = [...singleUserStates()].flatMap((observed) =>
      INTENTS.filter((intent) => plan(observed, intent).end.kind === 'undecided'),
    )
    expect(endless).toEqual([])
  })

  test('I5 every plan ends, from every state with two slots', () => {
    let planned = 0
    const endless: string[] = []
    for (const observed of twoSlotStates()) {
      planned += 1
      if (planned % 5 !== 0) continue
      const { end, actions } = plan(observed, INTENTS[planned % INTENTS.length] ?? 'rotate')
      if (end.kind === 'undecided' && endless.length < 3)
        endless.push(JSON.stringify({ observed, loop: actions.slice(-6).map(({ step }) => step) }))
    }
    expect(endless).toEqual([])
  }, 120_000)
})

function shape(decision: Decision): string {
  if (decision.kind === 'next') {
    const { step, slot, where } = decision.action
    return `${step} ${slot} ${where ?? ''}`
  }
  return decision.kind === 'refused' ? `refused ${decision.code}` : 'settled'
}

function swapLetters(text: string): string {
  return text.replace(/ ([AB]) /, (_, slot: string) => (slot === 'A' ? ' B ' : ' A '))
}
