// Goal: each fact about the one user is met by the step or the refusal that it calls for. That no
// state leads to an action that hurts is `decide.test.ts`'s.
import { describe, expect, test } from 'vitest'
import { INTENTS, singleUserStates } from '../../../testkit/src/sim/states.ts'
import { decide } from './decide.ts'
import { brokenBy } from './invariants.ts'
import type { SingleUserFacts } from './observed.ts'
import { narrowIntent, plan } from './plan.ts'
import type { Decision, Intent } from './plan.ts'

const REST: SingleUserFacts = {
  strategy: 'single-user',
  pending: 'none',
  stale: false,
  pendingUrgent: false,
  login: { current: true, pending: false, previous: false },
  placeholder: false,
  sessions: 0,
  urgent: false,
}

/** A password is staged, and the database has not learnt it. */
const OPEN: Partial<SingleUserFacts> = { pending: 'open' }
const TROUBLE = { step: 'set', code: 'ERR_DB_DENIED' }

function login(...accepted: readonly (keyof SingleUserFacts['login'])[]): {
  readonly login: SingleUserFacts['login']
} {
  const accepts = (which: keyof SingleUserFacts['login']): boolean => accepted.includes(which)
  const [current, pending, previous] = [accepts('current'), accepts('pending'), accepts('previous')]
  return { login: { current, pending, previous } }
}

function decided(facts: Partial<SingleUserFacts>, intent: Intent = 'rotate'): Decision {
  const observed = { ...REST, ...facts }
  return decide(observed, narrowIntent(intent, observed))
}

function nextStep(facts: Partial<SingleUserFacts>, intent: Intent = 'rotate'): string {
  const decision = decided(facts, intent)
  if (decision.kind === 'next') return decision.action.step
  return decision.kind === 'refused' ? decision.code : decision.kind
}

function reason(facts: Partial<SingleUserFacts>, intent: Intent = 'rotate'): string {
  const decision = decided(facts, intent)
  if (decision.kind === 'settled') return ''
  return decision.kind === 'next' ? decision.action.why : decision.why
}

describe('a single-user target with nothing staged', () => {
  test.each<[string, Partial<SingleUserFacts>, string]>([
    ['begins a rotation', {}, 'open'],
    ['is rotated onto the previous password that still logs in', login('previous'), 'open'],
    ['is not touched where its owner is another service', { owner: 'rds' }, 'SECRET_IS_MANAGED'],
    ['is refused while it holds a stand-in', { placeholder: true }, 'PLACEHOLDER'],
    ['is lost where no password logs in', login(), 'ADMIN_LOST'],
    ['is not rotated while somebody uses it', { sessions: 1 }, 'ADMIN_IN_USE'],
    ['is rotated urgently whoever uses it', { sessions: 1, urgent: true }, 'open'],
    ['begins nothing after a step has failed for good', { trouble: TROUBLE }, 'settled'],
  ])('%s', (_what, facts, expected) => {
    expect(nextStep(facts)).toBe(expected)
  })

  test.each<[Partial<SingleUserFacts>, string]>([
    [{}, 'settled'],
    [{ sessions: 1 }, 'settled'],
    [{ urgent: true }, 'settled'],
    [{ sessions: 1, urgent: true }, 'evict'],
    [login('previous'), 'open'],
    [{ ...login('previous'), sessions: 1 }, 'ADMIN_IN_USE'],
  ])('starts nothing that heal need not: %o gives %s', (facts, expected) => {
    expect(nextStep(facts, 'converge')).toBe(expected)
    expect(nextStep(facts, 'back-out')).toBe(expected)
  })

  test('cannot be rehearsed', () => {
    for (const facts of [{}, login('previous'), { urgent: true, sessions: 1 }, { sessions: 1 }])
      expect(nextStep(facts, 'rehearse')).toBe('NOT_REHEARSABLE')
  })
})

describe('a single-user target with a staged password', () => {
  test.each<[string, Partial<SingleUserFacts>, string]>([
    ['sets it', {}, 'set'],
    ['sets it with the previous password', login('previous'), 'set'],
    ['flips once the database accepts it', login('pending'), 'flip'],
    ['flips although somebody uses it by now', { ...login('pending'), sessions: 1 }, 'flip'],
    ['flips although a step has failed', { ...login('pending'), trouble: TROUBLE }, 'flip'],
    ['gives it up once a step has failed', { trouble: TROUBLE }, 'undo'],
    ['gives it up when somebody has begun to use it', { sessions: 1 }, 'undo'],
    ['sets it urgently whoever uses it', { sessions: 1, urgent: true, pendingUrgent: true }, 'set'],
    ['is lost where no password logs in', login(), 'ADMIN_LOST'],
    ['stages it again on a document that has changed', { stale: true }, 'rebase'],
    ['does so before the flip', { stale: true, ...login('pending') }, 'rebase'],
    ['closes what was given up', { pending: 'undo', ...login('current', 'pending') }, 'close'],
    ['stays away from what others have staged', { pending: 'foreign' }, 'PENDING_FOREIGN'],
  ])('%s', (_what, facts, expected) => {
    expect(nextStep({ ...OPEN, ...facts })).toBe(expected)
    expect(nextStep({ ...OPEN, ...facts }, 'converge')).toBe(expected)
  })

  test('gives it up when asked, as long as the database has not learnt it', () => {
    expect(nextStep(OPEN, 'back-out')).toBe('undo')
    expect(nextStep({ ...OPEN, ...login() }, 'back-out')).toBe('undo')
    expect(nextStep({ ...OPEN, ...login('pending') }, 'back-out')).toBe('flip')
  })
})

describe('what a single-user target is told to do', () => {
  test('is about its one user, in every state', () => {
    const decisions = [...singleUserStates()].flatMap((facts) =>
      INTENTS.map((intent) => decide(facts, intent)),
    )
    const actions = decisions.flatMap((one) => (one.kind === 'next' ? [one.action] : []))
    expect(actions.length).toBeGreaterThan(1000)
    expect(new Set(actions.map(({ slot }) => slot))).toEqual(new Set(['user']))
  })

  test('is open, set and flip', () => {
    const { actions, end } = plan(REST, 'rotate')
    expect(actions.map(({ step }) => step)).toEqual(['open', 'set', 'flip'])
    expect(end).toEqual({ kind: 'settled' })
  })

  test('has another reason for each cause', () => {
    const told = [
      reason({}),
      reason(login('previous')),
      reason({ owner: 'rds' }),
      reason({ placeholder: true }),
      reason(login()),
      reason({ sessions: 1 }),
      reason({}, 'rehearse'),
      reason({ sessions: 1, urgent: true }, 'converge'),
      reason(OPEN),
      reason(OPEN, 'back-out'),
      reason({ ...OPEN, trouble: TROUBLE }),
      reason({ ...OPEN, sessions: 1 }),
      reason({ ...OPEN, stale: true }),
      reason({ ...OPEN, ...login('pending') }),
      reason({ ...OPEN, ...login() }),
      reason({ pending: 'undo' }),
      reason({ pending: 'foreign' }),
    ]
    expect(told).not.toContain('')
    expect(new Set(told).size).toBe(told.length)
  })

  test('names the owner, the failed step and the number of sessions', () => {
    expect(reason({ owner: 'rds' })).toContain('rds')
    expect(reason({ ...OPEN, trouble: TROUBLE })).toBe('set: ERR_DB_DENIED')
    expect(reason({ sessions: 17 })).toContain('17')
    expect(reason(login('previous'))).toContain('previous')
  })
})

describe('an action upon a single user is safe or not', () => {
  const OPENED_ONE = { pending: 'open' } as const

  test.each([
    ['open', 'nothing is staged', {}, undefined],
    ['open', 'something is staged', { pending: 'open' }, 'I4'],
    ['set', 'its password is staged', OPENED_ONE, undefined],
    ['set', 'nothing is staged', {}, 'I2'],
    ['set', 'the document has changed', { ...OPENED_ONE, stale: true }, 'I2'],
    ['set', 'somebody is on it', { ...OPENED_ONE, sessions: 1 }, 'I1'],
    ['set', 'it is urgent', { ...OPENED_ONE, sessions: 1, urgent: true }, undefined],
    ['set', 'it is somebody else’s', { ...OPENED_ONE, owner: 'rds' }, 'I2'],
    ['flip', 'the staged password logs in', login('pending'), undefined],
    ['flip', 'it does not', {}, 'I3'],
    ['evict', 'it is urgent and done', { urgent: true }, undefined],
    ['evict', 'it is not urgent', {}, 'I1'],
    ['evict', 'something is staged', { ...OPENED_ONE, urgent: true }, 'I1'],
    ['evict', 'it does not log in', { ...login('pending'), urgent: true }, 'I1'],
    ['close', 'it may', {}, undefined],
  ] as const)('%s where %s', (step, _, change, broken) => {
    const action = { step, slot: 'user', why: 'a test' } as const
    expect(brokenBy({ ...REST, ...change }, action)).toBe(broken)
  })
})
