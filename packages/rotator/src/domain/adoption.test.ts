import { expect, test } from 'vitest'
import { decideAdoption, OWNERSHIP_PHASES, planAdoption, predictAdoption } from './adoption.ts'
import type { AdoptionFacts, OwnershipPhase } from './adoption.ts'

const DUE: readonly (readonly OwnershipPhase[])[] = Array.from({ length: 16 }, (_, bits) =>
  OWNERSHIP_PHASES.filter((_phase, index) => (bits >> index) % 2 === 1),
)

/** Every combination of facts. */
function* everyFacts(): Generator<AdoptionFacts> {
  for (const document of ['flat', 'stand-in', 'slots', 'open'] as const)
    for (const pending of ['none', 'adoption', 'foreign'] as const)
      for (const running of ['proven', 'unknown', 'contradictory', 'denied', 'admin'] as const)
        for (const standby of ['free', 'taken', 'in-use'] as const)
          for (const due of DUE)
            for (const movable of [true, false])
              yield { document, pending, running, standby, due, movable }
}

const ALL: readonly AdoptionFacts[] = [...everyFacts()]
const READY: AdoptionFacts = {
  document: 'flat',
  pending: 'none',
  running: 'proven',
  standby: 'free',
  due: OWNERSHIP_PHASES,
  movable: true,
}

test('the whole way is owner, objects, defaults, login, record, adopt', () => {
  expect(ALL).toHaveLength(4 * 3 * 5 * 3 * 16 * 2)
  expect(planAdoption(READY)).toEqual({
    steps: ['owner', 'objects', 'defaults', 'login', 'record', 'adopt'],
    end: { kind: 'settled' },
  })
})

test('I5 from every state it ends after six steps at most, settled or refused', () => {
  for (const facts of ALL) expect(planAdoption(facts).steps.length).toBeLessThanOrEqual(6)
})

test('whatever is refused is refused before the first change', () => {
  const plans = ALL.map((facts) => planAdoption(facts))
  const refused = plans.filter(({ end }) => end.kind === 'refused')
  expect(refused.length).toBeGreaterThan(1000)
  expect(refused.filter(({ steps }) => steps.length > 0)).toEqual([])
})

test('the secret changes last, and only for a credential that is proven', () => {
  for (const facts of ALL) {
    const decision = decideAdoption(facts)
    if (decision.kind !== 'next' || !['record', 'adopt'].includes(decision.step)) continue
    expect(facts).toMatchObject({ running: 'proven', standby: 'free', due: [] })
    expect(['flat', 'stand-in']).toContain(facts.document)
    expect(decision.step).toBe(facts.pending === 'adoption' ? 'adopt' : 'record')
  }
})

test('nothing is promoted but what an adoption has staged', () => {
  for (const facts of ALL.filter(({ pending }) => pending !== 'adoption'))
    expect(decideAdoption(facts)).not.toEqual({ kind: 'next', step: 'adopt' })
})

test('running it again after any step leads to the same end', () => {
  for (const facts of ALL) {
    const { steps, end } = planAdoption(facts)
    let state = facts
    for (const [index, step] of steps.entries()) {
      state = predictAdoption(state, step)
      expect(planAdoption(state)).toEqual({ steps: steps.slice(index + 1), end })
    }
    if (end.kind === 'settled') expect(decideAdoption(state)).toEqual({ kind: 'settled' })
  }
})

test('an adopted target changes only what is owned, and nothing while a rotation is open', () => {
  const steps = (document: AdoptionFacts['document']): readonly string[] =>
    ALL.filter((facts) => facts.document === document).flatMap((facts) => planAdoption(facts).steps)
  expect(new Set(steps('open'))).toEqual(new Set())
  expect(new Set(steps('slots'))).toEqual(new Set(OWNERSHIP_PHASES))
})

test('of an adopted target the standby user and what is staged are its own', () => {
  const adopted = { ...READY, document: 'slots', due: [] } as const
  for (const own of [{ pending: 'foreign' }, { standby: 'taken' }, { standby: 'in-use' }] as const)
    expect(decideAdoption({ ...adopted, ...own })).toEqual({ kind: 'settled' })
})

test('what cannot be moved is no matter once nothing has to be moved', () => {
  const moved = { ...READY, due: [], movable: false }
  expect(decideAdoption(moved)).toEqual({ kind: 'next', step: 'record' })
})

test('after each step the facts are that it has had its effect, and nothing else', () => {
  expect(predictAdoption(READY, 'record')).toEqual({ ...READY, pending: 'adoption' })
  expect(predictAdoption({ ...READY, pending: 'adoption' }, 'adopt')).toEqual({
    ...READY,
    document: 'slots',
    pending: 'none',
  })
  expect(predictAdoption(READY, 'objects')).toEqual({
    ...READY,
    due: ['owner', 'defaults', 'login'],
  })
})

test.for([
  [{ pending: 'foreign' }, 'PENDING_FOREIGN'],
  [{ running: 'unknown' }, 'ADOPT_UNKNOWN'],
  [{ running: 'contradictory' }, 'ADOPT_CONTRADICTION'],
  [{ running: 'denied' }, 'ADOPT_DENIED'],
  [{ running: 'admin' }, 'ADOPT_ADMIN'],
  [{ standby: 'taken' }, 'ADOPT_STANDBY'],
  [{ standby: 'in-use' }, 'STANDBY_IN_USE'],
  [{ movable: false }, 'ADOPT_OWNERSHIP'],
] as const)('%j is refused as %s', ([fact, code]) => {
  expect(decideAdoption({ ...READY, ...fact })).toEqual({ kind: 'refused', code })
})
