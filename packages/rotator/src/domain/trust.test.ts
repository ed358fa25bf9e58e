// Goal: after a restored backup the database gets the password of the secret, and only then.
import { describe, expect, test } from 'vitest'
import { REST } from '../../../testkit/src/sim/two-slot-facts.ts'
import { decide } from './decide.ts'
import { brokenBy } from './invariants.ts'
import type { TwoSlotFacts } from './observed.ts'
import { plan } from './plan.ts'

const KIND = { rehearses: false, urgent: false }
const DEAD = { current: false, pending: false, locked: false }

/** Config target and document agree on slot A; the database has older passwords of both users. */
const RESTORED: TwoSlotFacts = {
  ...REST,
  login: { A: DEAD, B: DEAD },
  runtimes: [],
  sessions: { A: 0, B: 0 },
  quiet: { A: false, B: false },
  trustsSecret: true,
}

const REINSTATE = { step: 'reinstate', slot: 'A', why: 'asked for' } as const

/** States in which somebody could be hurt, or the password stand in the way of something. */
const HARMFUL: readonly (readonly [string, Partial<TwoSlotFacts>])[] = [
  ['nobody has said that the secret is right', { trustsSecret: false }],
  ['somebody has a session as the user', { sessions: { A: 1, B: 0 } }],
  ['the account is locked', { login: { A: { ...DEAD, locked: true }, B: DEAD } }],
  ['one user has two passwords', { strategy: 'dual-password' }],
]

describe('a secret that is to be trusted', () => {
  test('has its password set for the active user, then the other user is brought in line', () => {
    const { actions, end } = plan(RESTORED, 'converge')
    expect(actions.map(({ step, slot }) => `${step} ${slot}`).slice(0, 2)).toEqual([
      'reinstate A',
      'reconcile A',
    ])
    expect(end).toEqual({ kind: 'settled' })
  })

  test.each(HARMFUL)('changes nothing where %s', (_why, facts) => {
    const observed = { ...RESTORED, ...facts }
    expect(decide(observed, 'converge')).toMatchObject({ kind: 'refused', code: 'ACTIVE_DENIED' })
    expect(brokenBy(observed, REINSTATE)).toBe('I1')
  })

  test('gives way to a password that an application shows and that works', () => {
    const observed = { ...RESTORED, configs: [{ id: 'web', holds: 'lost-A' }] } as const
    expect(decide(observed, 'converge')).toMatchObject({ action: { step: 'heal', slot: 'A' } })
    expect(brokenBy(observed, REINSTATE)).toBe('I1')
  })

  test('gives way to a password of the secret that works', () => {
    const observed = { ...RESTORED, login: { A: { ...DEAD, current: true }, B: DEAD } }
    expect(brokenBy(observed, REINSTATE)).toBe('I1')
    expect(brokenBy(RESTORED, { ...REINSTATE, slot: 'B' })).toBe('I1')
    expect(brokenBy(RESTORED, REINSTATE)).toBeUndefined()
  })

  test('I4 is no business of a rotation that is open', () => {
    const rotation = { id: 'r', from: 'B', to: 'A', heals: false, ...KIND } as const
    const observed = { ...RESTORED, store: { ...RESTORED.store, rotation } }
    expect(brokenBy(observed, REINSTATE)).toBe('I4')
  })
})
