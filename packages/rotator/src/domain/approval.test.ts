import { describe, expect, test } from 'vitest'
import type { Action, StepName } from './action.ts'
import { judgeApproval } from './approval.ts'
import type { ApprovedPlan, PlanBasis, PlanProgress } from './approval.ts'

const actions = (...steps: readonly StepName[]): readonly Action[] =>
  steps.map((step) => ({ step, slot: 'B', why: 'it is due' }))

const BASIS: PlanBasis = {
  target: 'shop',
  intent: 'rotate',
  configuration: 'c'.repeat(64),
  versions: { current: 'v1' },
  active: 'A',
  users: ['a', 'b'],
  endpoints: ['db:5432'],
  configs: ['web: A'],
  runtimes: ['web'],
  actions: actions('open', 'set', 'flip', 'publish', 'close'),
}

const APPROVED: ApprovedPlan = { ...BASIS, hash: 'h' }
const UNTOUCHED: PlanProgress = { begun: false, turningBack: false }
const BEGUN: PlanProgress = { begun: true, turningBack: false }

const judge = (change: Partial<PlanBasis>, progress = UNTOUCHED, approved = APPROVED): unknown =>
  judgeApproval(approved, { ...BASIS, ...change }, progress)

const why = (change: Partial<PlanBasis>, progress = UNTOUCHED): string => {
  const judged = judgeApproval(APPROVED, { ...BASIS, ...change }, progress)
  return judged.kind === 'drifted' ? judged.why.join('; ') : judged.kind
}

describe('before anything was done under a plan', () => {
  test('it may be carried out while all that it rests on is the same', () => {
    expect(judge({})).toEqual({ kind: 'go' })
  })

  test.each<[string, Partial<PlanBasis>, string]>([
    ['another current version', { versions: { current: 'v2' } }, 'approved v1, now v2'],
    ['a pending version', { versions: { current: 'v1', pending: 'p' } }, 'approved none, now p'],
    ['another active slot', { active: 'B' }, 'active slot: approved A, now B'],
    ['a second config target', { configs: ['web: A', 'job: A'] }, 'now web: A, job: A'],
    ['a second endpoint', { endpoints: ['db:5432', 'ro:5432'] }, 'now db:5432, ro:5432'],
    ['a second runtime', { runtimes: ['web', 'job'] }, 'now web, job'],
    ['a config target with something else', { configs: ['web: dead'] }, 'now web: dead'],
    ['another configuration', { configuration: 'd'.repeat(64) }, 'configuration of the target'],
    ['another user', { users: ['a', 'c'] }, 'users: approved a, b, now a, c'],
    ['another endpoint', { endpoints: ['other:1'] }, 'endpoints: approved db:5432, now other:1'],
    ['another runtime', { runtimes: [] }, 'runtimes: approved web, now '],
    ['another target', { target: 'other' }, 'target: approved shop, now other'],
    ['another command', { intent: 'back-out' }, 'command: approved rotate, now back-out'],
  ])('%s is a drift that is told', (_name, change, told) => {
    expect(why(change)).toContain(told)
  })

  test('an action more is a drift, and so is one less in the middle', () => {
    const more = actions('heal', 'open', 'set', 'flip', 'publish', 'close')
    expect(why({ actions: more })).toBe('actions that were not approved: heal B')
    const less = actions('open', 'set', 'flip', 'close')
    expect(why({ actions: less })).toBe('approved actions that are not due: publish B')
    const turned = actions('open', 'flip', 'set', 'publish', 'close')
    expect(why({ actions: turned })).toBe('actions: the same, in another order')
  })

  test('no active slot is a drift from one', () => {
    const { active, ...none } = BASIS
    const told = `active slot: approved ${active}, now none`
    expect(judgeApproval(APPROVED, none, UNTOUCHED)).toEqual({ kind: 'drifted', why: [told] })
  })

  test('a configuration that begins with the same hash is another one', () => {
    const configuration = `${'c'.repeat(63)}d`
    expect(why({ configuration })).toContain('configuration of the target')
  })

  test('an action more at the end is a drift, even to a plan of nothing or of one action', () => {
    for (const steps of [[], ['flip'], ['open', 'set', 'flip']] as const) {
      const approved = { ...APPROVED, actions: actions(...steps) }
      const judged = judge({ actions: actions(...steps, 'close') }, UNTOUCHED, approved)
      const told = 'actions that were not approved: close B'
      expect(judged).toEqual({ kind: 'drifted', why: [told] })
      expect(judge({ actions: approved.actions }, UNTOUCHED, approved)).toEqual({ kind: 'go' })
    }
  })

  test('actions in the place of others are told, and so are those', () => {
    const other = actions('heal', 'set', 'flip', 'publish', 'drain')
    expect(why({ actions: other })).toBe(
      'actions that were not approved: heal B, drain B; ' +
        'approved actions that are not due: open B, close B',
    )
  })

  test('an action is told with the place where it would be done', () => {
    const job: Action = { step: 'publish', slot: 'B', where: 'job', why: 'it is due' }
    expect(why({ actions: [...BASIS.actions, job] })).toBe(
      'actions that were not approved: publish B job',
    )
  })

  test('a plan that no rotation uses up may be carried out', () => {
    for (const intent of ['back-out', 'converge'] as const)
      expect(judge({ intent }, UNTOUCHED, { ...APPROVED, intent })).toEqual({ kind: 'go' })
  })

  test('its first actions may have become unnecessary', () => {
    expect(judge({ actions: actions('flip', 'publish', 'close') })).toEqual({ kind: 'go' })
  })
})

describe('once a version of the secret names the plan', () => {
  const moved: Partial<PlanBasis> = {
    versions: { current: 'v2', pending: 'p' },
    active: 'B',
    configs: ['web: B'],
  }

  test('it is finished, whatever it has moved', () => {
    expect(judge({ ...moved, actions: actions('publish', 'close') }, BEGUN)).toEqual({ kind: 'go' })
  })

  test('nothing is done that was not approved', () => {
    const judged = why({ ...moved, actions: actions('heal', 'close') }, BEGUN)
    expect(judged).toBe('it is begun, and now needs besides: heal B')
  })

  test('turning back is always allowed', () => {
    const back = { ...moved, actions: actions('turn', 'undo', 'close') }
    expect(judge(back, { begun: true, turningBack: true })).toEqual({ kind: 'go' })
  })

  test('another configuration is a drift still', () => {
    expect(why({ ...moved, configuration: '' }, BEGUN)).toContain('configuration of the target')
  })

  test('it is good for one rotation', () => {
    expect(judge(moved, { ...BEGUN, closedAs: 'rotated' })).toEqual({ kind: 'done' })
    expect(why(moved, { ...BEGUN, closedAs: 'backed-out' })).toContain('was backed out')
  })

  test('a healed document is on its way to the rotation', () => {
    expect(judge(moved, { ...BEGUN, closedAs: 'healed' })).toEqual({ kind: 'go' })
  })

  test('a plan to back out is not used up by having backed out', () => {
    const approved = { ...APPROVED, intent: 'back-out' } as const
    const rest = { ...moved, intent: 'back-out' as const, actions: actions('publish') }
    expect(judge(rest, { ...BEGUN, closedAs: 'backed-out' }, approved)).toEqual({ kind: 'go' })
  })
})
