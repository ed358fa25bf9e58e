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
import type { InvariantId } from './invariants.ts'
import type { ManagedFacts } from './managed-facts.ts'
import { narrowIntent, plan } from './plan.ts'

import type { Decision, Intent } from './plan.ts'
import { predict } from './predict.ts'

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

function decided(facts: Partial<ManagedFacts>, intent: Intent = 'rotate'): Decision {
  const observed = { ...REST, ...facts }
  return decide(observed, narrowIntent(intent, observed))
}

function nextStep(facts: Partial<ManagedFacts>, intent: Intent = 'rotate'): string {
  const decision = decided(facts, intent)
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
    const broken = Object.keys(RUNBOOK).map((step) => [step, brokenBy(REST, action(step))] as const)
    const unsafe = broken.filter(([step]) => step !== 'ask' && step !== 'await')
    expect(unsafe.length).toBeGreaterThan(15)
    expect(new Set(unsafe.map(([, id]) => id))).toEqual(new Set(['I2']))
  })

  test.each<[Partial<ManagedFacts>, InvariantId | undefined]>([
    [{}, undefined],
    [{ owner: 'impaired' }, undefined],
    [{ seen: true }, undefined],
    [{ sessions: 1 }, 'I1'],
    [{ owner: 'busy' }, 'I4'],
    [{ owner: 'stranger' }, 'I4'],
    [{ asked: 'maybe' }, 'I4'],
    [{ asked: 'yes' }, 'I4'],
    [{ changed: true }, 'I4'],
  ])('I1 I4 a request on the facts %o breaks %s', (facts, broken) => {
    expect(brokenBy({ ...REST, ...facts }, action('ask'))).toBe(broken)
    expect(brokenBy({ ...REST, ...facts }, action('await'))).toBeUndefined()
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
    expect(actions.every(({ slot }) => slot === 'user')).toBe(true)
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
    ['waits for the new version', { asked: 'yes', seen: true }, 'await'],
    ['starts nothing after a rotation that it has seen', { seen: true }, 'settled'],
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

  test.each<Partial<ManagedFacts>>([{}, { login: no() }, { seen: true }, { changed: true }])(
    'refuses to rehearse, whatever was seen: %o',
    (facts) => {
      expect(nextStep(facts, 'rehearse')).toBe('NOT_REHEARSABLE')
    },
  )

  test('I4 a rotation that has begun uses up the wish for one, and no other wish', () => {
    for (const begun of [{ owner: 'busy' }, { seen: true }, { asked: 'yes' }] as const) {
      expect(narrowIntent('rotate', { ...REST, ...begun })).toBe('converge')
      expect(narrowIntent('rehearse', { ...REST, ...begun })).toBe('rehearse')
    }
    expect(narrowIntent('rotate', REST)).toBe('rotate')
    expect(narrowIntent('rotate', { ...REST, asked: 'maybe' })).toBe('rotate')
  })
})

describe('the reason that is told', () => {
  const reason = (facts: Partial<ManagedFacts>, intent: Intent = 'rotate'): string => {
    const decision = decided(facts, intent)
    if (decision.kind === 'settled') return ''
    return decision.kind === 'next' ? decision.action.why : decision.why
  }

  test('is another one for each cause', () => {
    const told = [
      reason({ owner: 'stranger', says: 'no such secret' }),
      reason({ owner: 'busy' }),
      reason({ owner: 'impaired', seen: true }),
      reason({ asked: 'maybe' }),
      reason({ asked: 'yes' }),
      reason({ asked: 'yes', changed: true, login: no() }),
      reason({}),
      reason({ owner: 'impaired' }),
      reason({ login: no() }),
      reason({ sessions: 1 }),
      reason({}, 'rehearse'),
      reason({ login: no() }, 'converge'),
    ]
    expect(told).not.toContain('')
    expect(new Set(told).size).toBe(told.length)
  })

  test('quotes the owner, and counts the sessions', () => {
    expect(reason({ owner: 'stranger', says: 'of db-7' })).toContain('of db-7')
    expect(reason({ owner: 'busy', says: 'rotating' })).toContain('rotating')
    expect(reason({ says: 'creating', login: no() }, 'converge')).toContain('creating')
    expect(reason({ sessions: 17 })).toContain('17')
    expect(reason({ asked: 'maybe' })).toContain('request')
  })

  test('of a plain request does not speak of a state that ends', () => {
    expect(reason({ owner: 'impaired' })).toContain('impaired')
    expect(reason({ owner: 'impaired' }).startsWith(reason({}))).toBe(true)
  })
})

describe('what is predicted for a managed credential', () => {
  // The states are those that RDS gives in `MasterUserSecret.SecretStatus`.
  test('after a request is a rotation under way', () => {
    const facts = { owner: 'busy', says: 'rotating', asked: 'yes', seen: true } as const
    expect(predict(REST, action('ask'))).toEqual({ ...REST, ...facts })
  })

  test('after the wait is a new version that logs in', () => {
    const denied = { ...REST, owner: 'busy', says: 'rotating', login: no() } as const
    expect(predict(denied, action('await'))).toEqual({ ...REST, changed: true })
  })

  test('after any other step is what was before', () => {
    expect(predict(REST, action('flip'))).toEqual(REST)
  })
})

/** As the runbook names it; the types alone do not let a test ask for a step that is a bug. */
function action(step: string): Action {
  return { step, slot: 'user', why: 'a bug' } as Action
}

function no(): ManagedFacts['login'] {
  return { current: false }
}

function after(facts: Partial<ManagedFacts>): Partial<ManagedFacts> {
  return { asked: 'yes', seen: true, changed: true, ...facts }
}
