// Goal: consumers come off the initial user without losing a working credential, and go back to it
// whenever something fails. Method: every state of such a target, judged by the invariants alone;
// then the plans of the states that a person would recognise.
import { describe, expect, test } from 'vitest'
import { INTENTS, swapSlots } from '../../../testkit/src/sim/states.ts'
import { initialStates } from '../../../testkit/src/sim/initial-states.ts'
import type { Action } from './action.ts'
import { REST } from '../../../testkit/src/sim/two-slot-facts.ts'
import { decide } from './decide.ts'
import { brokenBy } from './invariants.ts'
import type { TwoSlotFacts } from './observed.ts'
import { plan } from './plan.ts'
import type { Intent, Plan } from './plan.ts'

const NOTHING = { current: false, pending: false, locked: false }
const WORKS = { ...NOTHING, current: true }

/** A fresh stack: stand-ins in the secret, no users, the application as the initial user. */
const FRESH: TwoSlotFacts = {
  ...REST,
  login: { A: NOTHING, B: NOTHING },
  placeholder: { A: true, B: true },
  standbyUser: 'absent',
  configs: [{ id: 'web', holds: 'initial' }],
  sessions: { A: 0, B: 0 },
  quiet: { A: false, B: false },
  initial: { logsIn: true, activeAbsent: true, returned: false },
}

/** Both slots log in, and the application is on the initial user all the same. */
const DRIFTED: TwoSlotFacts = {
  ...FRESH,
  login: { A: WORKS, B: WORKS },
  placeholder: { A: false, B: false },
  standbyUser: 'equal',
  initial: { logsIn: true, activeAbsent: false, returned: false },
}

const FIRST = {
  id: 'r',
  from: 'A',
  to: 'B',
  heals: false,
  rehearses: false,
  urgent: false,
} as const
const ON_INITIAL = { ...FIRST, initial: ['web'] }

/** The first rotation has flipped and published; the roll is still to come. */
const FLIPPED: TwoSlotFacts = {
  ...FRESH,
  store: { active: 'B', pending: 'none', stale: false, rotation: ON_INITIAL },
  login: { A: NOTHING, B: WORKS },
  placeholder: { A: true, B: false },
  configs: [{ id: 'web', holds: 'B' }],
  runtimes: [{ id: 'workers', roll: 'due' }],
  initial: { logsIn: true, activeAbsent: false, returned: false },
}

function shown({ actions, end }: Plan): readonly string[] {
  const name = ({ step, slot, where }: Action): string => [step, slot, where ?? ''].join(' ').trim()
  return [...actions.map(name), end.kind === 'refused' ? end.code : end.kind]
}

function planned(observed: TwoSlotFacts, intent: Intent): readonly string[] {
  return shown(plan(observed, intent))
}

describe('a target whose consumers run as an initial user', () => {
  test('I1 I2 I3 I4 I5 hold in every state, and neither slot is special', () => {
    const found: string[] = []
    let states = 0
    const note = (what: string, observed: TwoSlotFacts): void => {
      if (found.length < 3) found.push(`${what} ${JSON.stringify(observed)}`)
    }
    for (const observed of initialStates()) {
      states += 1
      for (const intent of INTENTS) {
        const decision = decide(observed, intent)
        if (decision.kind !== 'next') continue
        const broken = brokenBy(observed, decision.action)
        if (broken !== undefined) note(`${broken} ${decision.action.step} ${intent}`, observed)
      }
      if (states % 5 !== 0) continue
      const intent = INTENTS[states % INTENTS.length] ?? 'rotate'
      const { actions, end } = plan(observed, intent)
      if (end.kind === 'undecided') note(`endless ${intent}`, observed)
      const swapped = shown(plan(swapSlots(observed), intent)).map(swapLetters)
      if (swapped.join() !== shown({ actions, end }).join()) note(`mirrored ${intent}`, observed)
    }
    expect(found).toEqual([])
    expect(states).toBeGreaterThan(500_000)
  }, 120_000)

  test('is rotated to a user that is made for it, and its old slot gets a user, too', () => {
    expect(planned(FRESH, 'rotate')).toEqual([
      'open B',
      'provision B',
      'set B',
      'flip B',
      'publish B web',
      'roll B workers',
      'provision A',
      'drain A',
      'stage A',
      'retire A',
      'close A',
      'settled',
    ])
  })

  test('is left alone until a rotation is asked for', () => {
    expect(planned(FRESH, 'converge')).toEqual(['settled'])
    expect(planned(FRESH, 'back-out')).toEqual(['settled'])
    const made = { placeholder: { A: false, B: false }, standbyUser: 'equal' } as const
    expect(planned({ ...FRESH, ...made }, 'converge')).toEqual(['settled'])
  })

  test('is rehearsed without a flip', () => {
    expect(planned(FRESH, 'rehearse')).toEqual([
      'rehearse B',
      'provision B',
      'set B',
      'undo B',
      'close B',
      'settled',
    ])
  })

  test('is not rotated while somebody uses the slot that would be next', () => {
    const observed = { ...FRESH, standbyUser: 'equal', sessions: { A: 0, B: 2 } } as const
    expect(planned(observed, 'rotate')).toEqual(['STANDBY_IN_USE'])
  })

  test('is not rotated to a user that may do less than the configuration says', () => {
    const observed = { ...FRESH, standbyUser: 'differs' } as const
    expect(planned(observed, 'rotate')).toEqual(['PRIVILEGES_DIFFER'])
    expect(planned({ ...observed, mayGrant: true }, 'rotate')).toContain('grant B')
  })

  test('is brought to the active slot where that logs in: that is ordinary drift', () => {
    for (const intent of ['converge', 'rotate'] as const)
      expect(planned(DRIFTED, intent).slice(0, 4)).toEqual([
        'reconcile A',
        'flip A',
        'publish A web',
        'roll A workers',
      ])
  })

  test('has nothing to start from while no config target holds the initial user', () => {
    const observed = { ...FRESH, configs: [{ id: 'web', holds: 'dead' }] } as const
    expect(planned(observed, 'rotate')).toEqual(['PLACEHOLDER'])
  })
})

describe('a first rotation that fails', () => {
  test('leads every consumer back to the initial user', () => {
    const failed = { ...FLIPPED, runtimes: [{ id: 'workers', roll: 'failed' }] } as const
    expect(planned(failed, 'converge')).toEqual([
      'turn initial',
      'flip initial',
      'publish initial web',
      'roll initial workers',
      'drain B',
      'undo B',
      'close B',
      'settled',
    ])
  })

  test('turns back to the document of before, whatever that is worth', () => {
    const turning = { ...FLIPPED, store: { ...FLIPPED.store, pending: 'turn' } } as const
    const [action] = plan(turning, 'converge').actions
    expect(action).toMatchObject({ step: 'flip', slot: 'initial' })
    const drift = {
      ...DRIFTED,
      store: { active: 'A', pending: 'turn', stale: false, rotation: healing(['web']) },
    } as const
    expect(planned(drift, 'converge')).not.toContain('DOCUMENT_INCONSISTENT')
  })

  test('cannot go back to an initial user that is none any more', () => {
    const gone = { ...FLIPPED, initial: { logsIn: false, activeAbsent: false, returned: false } }
    expect(planned(gone, 'back-out')).toEqual(['BACK_OUT_IMPOSSIBLE'])
    const { initial: _, ...none } = FLIPPED
    expect(planned(none, 'back-out')).toEqual(['BACK_OUT_IMPOSSIBLE'])
    const turned = { ...ON_INITIAL, backOut: 'why' }
    const store = { active: 'A', pending: 'none', stale: false, rotation: turned } as const
    expect(planned({ ...gone, store }, 'converge')).toEqual(['BACK_OUT_IMPOSSIBLE'])
  })

  test('I2 does not turn once the database may have a password that is only staged', () => {
    const staged = { ...FLIPPED, store: { ...FLIPPED.store, pending: 'retire' } } as const
    expect(planned(staged, 'back-out')).toEqual(['BACK_OUT_IMPOSSIBLE'])
    const early = { ...staged, login: { A: WORKS, B: WORKS } }
    expect(planned(early, 'back-out')).toContain('turn initial')
  })

  test('gives the initial user to nobody who came from a slot', () => {
    const configs = [
      { id: 'web', holds: 'A' },
      { id: 'job', holds: 'B' },
    ] as const
    const rotation = { ...healing(['web']), backOut: 'why' }
    const store = { active: 'A', pending: 'none', stale: false, rotation } as const
    const initial = { logsIn: true, activeAbsent: false, returned: true }
    const turning = { ...DRIFTED, configs, store, initial }
    const back = planned(turning, 'converge')
    expect(back).toEqual(['publish initial web', 'publish A job', 'undo A', 'close A', 'settled'])
    const dead = { A: NOTHING, B: WORKS }
    const rest = planned({ ...turning, login: dead }, 'converge')
    expect(rest).toEqual(['publish initial web', 'undo A', 'close A', 'settled'])
  })
})

/** Consumers were found on the initial user while the active slot A logs in. */
function healing(initial: readonly string[]) {
  return { ...FIRST, from: 'B', to: 'A', heals: true, initial } as const
}

describe('the second look at an action about the initial user', () => {
  const turned = { ...ON_INITIAL, backOut: 'why' }
  const back = { ...FLIPPED, store: { ...FLIPPED.store, active: 'A', rotation: turned } } as const

  test.each(['set', 'retire', 'quarantine', 'expire', 'provision', 'evict', 'release'] as const)(
    'I1 stops whatever would change it: %s',
    (step) => {
      expect(brokenBy(back, { step, slot: 'initial', why: 'a bug' })).toBe('I1')
    },
  )

  test('I1 lets it be published only where it came from, and while it logs in', () => {
    const publish = { step: 'publish', slot: 'initial', where: 'job', why: 'a bug' } as const
    expect(brokenBy(back, publish)).toBeUndefined()
    const gone = { ...back, initial: { logsIn: false, activeAbsent: false, returned: false } }
    expect(brokenBy(gone, publish)).toBe('I1')
    const heals = { ...turned, heals: true }
    expect(brokenBy({ ...back, store: { ...back.store, rotation: heals } }, publish)).toBe('I1')
    expect(brokenBy(FLIPPED, publish)).toBe('I1')
  })

  test('I1 keeps a first rotation from turning to a slot', () => {
    expect(brokenBy(FLIPPED, { step: 'turn', slot: 'A', why: 'a bug' })).toBe('I1')
  })
})

function swapLetters(text: string): string {
  return text.replace(/ ([AB])\b/, (_, slot: string) => (slot === 'A' ? ' B' : ' A'))
}
