import { describe, expect, test } from 'vitest'
import {
  decideCreate,
  decideEntry,
  decideFinish,
  decideSet,
  decideStaged,
  decideTest,
} from './four-steps.ts'
import type { AcceptanceFacts, LoginFact, StagingFacts } from './four-steps.ts'
import { REFUSALS } from './refusals.ts'

const STAGING: StagingFacts = {
  ...{ version: 'pending', rotation: 'on', open: false, placeholder: false, staged: 'fits' },
}
const FACTS: AcceptanceFacts = {
  ...{ strategy: 'single-user', staged: 'denied', current: 'accepted', previous: 'absent' },
  ...{ rights: 'equal', due: [], problems: [], sessions: 0, policy: 'refuse' },
}

const LOGINS: readonly LoginFact[] = ['accepted', 'denied', 'locked', 'absent']
const RIGHTS: readonly AcceptanceFacts['rights'][] = ['absent', 'partial', 'equal', 'differs']
const STRATEGIES = ['single-user', 'alternating', 'dual-password'] as const

/** Every combination of what the database may show. */
function everyFacts(): readonly AcceptanceFacts[] {
  return STRATEGIES.flatMap((strategy) =>
    LOGINS.flatMap((staged) =>
      LOGINS.flatMap((current) =>
        LOGINS.flatMap((previous) =>
          RIGHTS.flatMap((rights) =>
            [[], ['objects' as const]].flatMap((due) =>
              [0, 2].flatMap((sessions) =>
                (['refuse', 'wait', 'proceed'] as const).map((policy) => ({
                  ...FACTS,
                  ...{ strategy, staged, current, previous, rights, due, sessions, policy },
                })),
              ),
            ),
          ),
        ),
      ),
    ),
  )
}

/** Whether this is the effect that is decided. */
function isNext(decision: ReturnType<typeof decideSet>, effect: string): boolean {
  return decision.kind === 'next' && decision.effect === effect
}

/** The states, each of which must be so. */
function statesThat(are: (facts: AcceptanceFacts) => boolean): readonly AcceptanceFacts[] {
  const found = everyFacts().filter(are)
  // What is true of none is proven by none.
  expect(found).not.toEqual([])
  return found
}

describe('decideSet, over every state', () => {
  const sets = (facts: AcceptanceFacts): boolean => isNext(decideSet(facts), 'set')

  test('I1: changes one user’s password only where a login was proven', () => {
    const changed = statesThat((facts) => facts.strategy !== 'alternating' && sets(facts))
    const isProven = ({ strategy, current, previous }: AcceptanceFacts): boolean =>
      current === 'accepted' || (strategy === 'single-user' && previous === 'accepted')
    expect(changed.filter((facts) => !isProven(facts))).toEqual([])
  })

  test('I3: gives a second user a password only when it has its rights and owns nothing', () => {
    const changed = statesThat((facts) => facts.strategy === 'alternating' && sets(facts))
    expect(changed.filter(({ rights, due }) => rights !== 'equal' || due.length > 0)).toEqual([])
  })

  test('I1: leaves a second user that has sessions alone, unless it is told to proceed', () => {
    const used = statesThat(({ strategy, sessions }) => strategy === 'alternating' && sessions > 0)
    expect(used.filter((facts) => sets(facts) && facts.policy !== 'proceed')).toEqual([])
    expect(used.some((facts) => sets(facts))).toBe(true)
  })

  test('is done just where the staged password is in force with all its rights', () => {
    const isReady = ({ staged, rights, due }: AcceptanceFacts): boolean =>
      staged === 'accepted' && rights === 'equal' && due.length === 0
    const done = statesThat((facts) => decideSet(facts).kind === 'done')
    expect(done).toEqual(everyFacts().filter(isReady))
  })
})

describe('decideFinish, over every state', () => {
  test('I3: promotes only what logs in with all its rights', () => {
    const promoted = statesThat((facts) => isNext(decideFinish(facts, 'open'), 'promote'))
    const isProven = ({ staged, rights }: AcceptanceFacts): boolean =>
      staged === 'accepted' && rights === 'equal'
    expect(promoted).toEqual(everyFacts().filter(isProven))
  })

  test('puts back only the password of an only user, where the label cannot be moved', () => {
    const back = statesThat((facts) => isNext(decideFinish(facts, 'refused'), 'put-back'))
    const isDue = ({ strategy, staged }: AcceptanceFacts): boolean =>
      strategy === 'single-user' && staged === 'accepted'
    expect(back.filter((facts) => !isDue(facts))).toEqual([])
  })

  test('refuses whatever testSecret refuses', () => {
    const refused = statesThat((facts) => decideTest(facts).kind === 'refused')
    const after = refused.map((facts) => decideFinish(facts, 'open'))
    expect(after).toEqual(refused.map((facts) => decideTest(facts)))
  })
})

describe('decideCreate', () => {
  const decide = (facts: Partial<StagingFacts>, staged: LoginFact, strategy = FACTS.strategy) =>
    decideCreate({ ...STAGING, ...facts }, { staged, strategy })

  test.each([
    [{ staged: 'fits' }, 'absent', 'done'],
    [{ staged: 'none' }, 'absent', 'stage'],
    [{ staged: 'copy' }, 'absent', 'release'],
    [{ staged: 'stale' }, 'denied', 'release'],
    [{ staged: 'stale' }, 'accepted', 'STAGED_IN_FORCE'],
    [{ staged: 'none', open: true }, 'absent', 'ROTATION_OPEN'],
    [{ staged: 'none', placeholder: true }, 'absent', 'PLACEHOLDER'],
  ] as const)('%j, %s: %s', (facts, staged, wanted) => {
    expect(nameOf(decide(facts, staged))).toBe(wanted)
  })

  test('locks a second user before its password is forgotten', () => {
    expect(nameOf(decide({ staged: 'stale' }, 'accepted', 'alternating'))).toBe('lock')
  })
})

describe('decideEntry', () => {
  test.each([
    [{ owner: 'rds' }, 'called', 'SECRET_IS_MANAGED'],
    [{ rotation: 'off' }, 'called', 'ROTATION_OFF'],
    [{ rotation: 'off' }, 'by-hand', undefined],
    [{ version: 'unknown' }, 'called', 'TOKEN_UNKNOWN'],
    [{ version: 'unknown' }, 'by-hand', undefined],
    [{ version: 'unknown' }, 'restore', 'TOKEN_UNKNOWN'],
    [{ version: 'unlabelled' }, 'called', 'TOKEN_NOT_PENDING'],
    [{ version: 'unlabelled' }, 'restore', undefined],
    [{ version: 'current' }, 'called', 'done'],
    [{ version: 'current' }, 'restore', 'done'],
    [{}, 'called', undefined],
  ] as const)('%j, %s: %s', (facts, asked, wanted) => {
    const decision = decideEntry({ ...STAGING, ...facts }, asked)
    expect(decision && nameOf(decision)).toBe(wanted)
  })
})

describe('decideStaged', () => {
  test.each([
    ['testSecret', 'copy', undefined],
    ['setSecret', 'copy', 'STAGED_STALE'],
    ['finishSecret', 'copy', 'STAGED_STALE'],
    ['finishSecret', 'none', 'NOT_STAGED'],
    ['setSecret', 'stale', 'STAGED_STALE'],
    ['setSecret', 'fits', undefined],
  ] as const)('%s, %s: %s', (step, staged, wanted) => {
    const decision = decideStaged(step, { ...STAGING, staged })
    expect(decision && nameOf(decision)).toBe(wanted)
  })
})

/** The effect, the code of the refusal, or `done`. */
function nameOf(decision: ReturnType<typeof decideSet>): string {
  if (decision.kind === 'next') return decision.effect
  if (decision.kind === 'done') return 'done'
  expect(REFUSALS[decision.code].hint).not.toBe('')
  return decision.code
}
