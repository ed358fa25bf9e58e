// Goal: no state of a managed credential leads to a second request, to a request that hurts
// somebody, or to any other effect. Method: every combination of facts, judged by the invariants
// and by what is written here anew.
import { describe, expect, test } from 'vitest'
import { managedStates } from '../../../testkit/src/sim/managed-states.ts'
import { INTENTS } from '../../../testkit/src/sim/states.ts'
import { RUNBOOK } from '../steps/runbook.ts'
import type { Action } from './action.ts'
import { decide } from './decide.ts'
import { brokenBy } from './invariants.ts'
import type { ManagedFacts } from './managed-facts.ts'
import { narrowIntent, plan } from './plan.ts'
import type { Intent } from './plan.ts'

const REST: ManagedFacts = {
  strategy: 'managed',
  owner: 'ready',
  says: 'active',
  asked: 'no',
  seen: false,
  changed: false,
  login: { current: true },
  sessions: 0,
}

const CASES: readonly (readonly [ManagedFacts, Intent])[] = [...managedStates()].flatMap((facts) =>
  INTENTS.map((intent) => [facts, intent] as const),
)

function nextStep(facts: Partial<ManagedFacts>, intent: Intent = 'rotate'): string {
  const observed = { ...REST, ...facts }
  const decision = decide(observed, narrowIntent(intent, observed))
  if (decision.kind === 'next') return decision.action.step
  return decision.kind === 'refused' ? decision.code : decision.kind
}

describe('decide for a managed credential', () => {
  test('I1 I2 I4 hold for the next action in every state', () => {
    const broken = CASES.filter(([facts, intent]) => {
      const decision = decide(facts, intent)
      return decision.kind === 'next' && brokenBy(facts, decision.action) !== undefined
    })
    expect(broken).toEqual([])
    expect(CASES.length).toBeGreaterThan(500)
  })

  test('I2 no other step than ask and await is ever safe', () => {
    const safe = Object.keys(RUNBOOK).filter((step) => {
      const action = { step, slot: 'user', why: 'a bug' } as Action
      return brokenBy(REST, action) === undefined
    })
    expect(safe.toSorted()).toEqual(['ask', 'await'])
  })

  test('I4 asks once at most, from every state to the end of the plan', () => {
    const doubled = CASES.filter(([facts, intent]) => {
      const asks = plan(facts, intent).actions.filter(({ step }) => step === 'ask')
      const idle = facts.owner !== 'busy' && facts.asked === 'no' && facts.sessions === 0
      return asks.length > (idle && intent === 'rotate' ? 1 : 0)
    })
    expect(doubled).toEqual([])
  })

  test('I5 every plan ends, from every state', () => {
    const endless = CASES.filter(([facts, intent]) => plan(facts, intent).end.kind === 'undecided')
    expect(endless).toEqual([])
  })

  test('plans to ask, to wait and to be done', () => {
    const { actions, end } = plan(REST, 'rotate')
    expect(actions.map(({ step }) => step)).toEqual(['ask', 'await'])
    expect(end).toEqual({ kind: 'settled' })
  })

  test.each<[string, Partial<ManagedFacts>, string]>([
    ['waits for a rotation that is under way', { owner: 'busy' }, 'await'],
    ['waits where the new password is not everywhere yet', after({ login: no() }), 'await'],
    ['waits for what may have been asked', { asked: 'maybe' }, 'await'],
    ['is done when the version is new and logs in', after({}), 'settled'],
    ['counts a rotation that ended while it looked', { changed: true, seen: true }, 'settled'],
    ['asks for a password that does not log in', { login: no() }, 'ask'],
    ['asks for what was impaired before', { owner: 'impaired' }, 'ask'],
    [
      'refuses what became impaired',
      { owner: 'impaired', asked: 'yes', seen: true },
      'SECRET_IMPAIRED',
    ],
    ['waits where impaired may be from before', { owner: 'impaired', asked: 'yes' }, 'await'],
    ['refuses while somebody uses the user', { sessions: 1 }, 'ADMIN_IN_USE'],
    ['refuses a stranger', { owner: 'stranger' }, 'SECRET_NOT_MANAGED'],
  ])('%s', (_what, facts, expected) => {
    expect(nextStep(facts)).toBe(expected)
  })

  test.each<[Partial<ManagedFacts>, string]>([
    [{}, 'settled'],
    [{ owner: 'busy' }, 'await'],
    [{ sessions: 3 }, 'settled'],
    [{ login: no() }, 'MANAGED_DENIED'],
  ])('starts nothing for heal: %o gives %s', (facts, expected) => {
    expect(nextStep(facts, 'converge')).toBe(expected)
    expect(nextStep(facts, 'back-out')).toBe(expected)
  })
})

function no(): ManagedFacts['login'] {
  return { current: false }
}

function after(facts: Partial<ManagedFacts>): Partial<ManagedFacts> {
  return { asked: 'yes', seen: true, changed: true, ...facts }
}
