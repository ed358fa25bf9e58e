// Goal: what only an outsider can cause while a rotation turns back is met, and nothing is acted on
// that the decision should never ask for.
import { describe, expect, test } from 'vitest'
import { REST } from '../../../testkit/src/sim/two-slot-facts.ts'
import { decide } from './decide.ts'
import { assertSafe } from './invariants.ts'
import type { TwoSlotFacts } from './observed.ts'

const KIND = { rehearses: false, urgent: false }

/** Everybody is back on A, and the rotation to B only has to be closed. */
const TURNED: TwoSlotFacts = {
  ...REST,
  store: {
    ...REST.store,
    rotation: { id: 'r', from: 'A', to: 'B', heals: false, ...KIND, backOut: 'asked to back out' },
  },
}

describe('a rotation that turns back', () => {
  test('releases the slot that somebody has locked meanwhile', () => {
    const locked = { current: false, pending: false, locked: true }
    const observed = { ...TURNED, login: { ...TURNED.login, A: locked } }
    expect(decide(observed, 'converge')).toMatchObject({ action: { step: 'release', slot: 'A' } })
  })

  test('is not over while somebody is left on the slot that it gives up', () => {
    expect(decide(TURNED, 'converge')).toMatchObject({ action: { step: 'undo', slot: 'B' } })
    for (const left of [
      { sessions: { A: 1, B: 1 }, quiet: { A: false, B: true } },
      { quiet: { A: false, B: false } },
    ])
      expect(decide({ ...TURNED, ...left }, 'converge')).toMatchObject({
        action: { step: 'drain', slot: 'B' },
      })
  })
})

describe('the second look before an effect', () => {
  test('I1 stops a run that would change a password in use', () => {
    const store = { ...TURNED.store, pending: 'open' } as const
    const action = { step: 'set', slot: 'A', why: 'a bug' } as const
    expect(() => assertSafe({ ...TURNED, store }, action)).toThrow(/^I1: set of slot A/)
  })

  test('lets an action pass that breaks nothing', () => {
    expect(() => assertSafe(TURNED, { step: 'undo', slot: 'B', why: 'all are back' })).not.toThrow()
  })
})
