// Goal: the second look before each effect refuses what it is there for. Method: for each step
// facts on which it is safe, then every single change of them that makes it unsafe; the letters of
// the slots change nothing.
import { describe, expect, test } from 'vitest'
import {
  ACCEPTED,
  BOTH,
  DENIED,
  FLIPPED,
  LOCKED,
  NEW,
  OPEN,
  OPENED,
  REST,
  STAGED,
  crowd,
  holding,
  login,
  rolls,
  store,
} from '../../../testkit/src/sim/two-slot-facts.ts'
import type { Facts } from '../../../testkit/src/sim/two-slot-facts.ts'
import { swapSlots } from '../../../testkit/src/sim/states.ts'
import type { Action } from './action.ts'
import { INVARIANTS, assertSafe, brokenBy } from './invariants.ts'
import type { InvariantId } from './invariants.ts'
import type { StoreFacts } from './observed.ts'
import { other } from './slot.ts'

type Asked = Omit<Action, 'why'>

/** What the second look says to an action on these facts; whichever letters the slots have. */
function judged(asked: Asked, facts: Facts): InvariantId | undefined {
  const observed = { ...REST, ...facts }
  const action = { ...asked, why: 'a test' }
  const { slot } = asked
  const mirrored = { ...action, slot: slot === 'A' || slot === 'B' ? other(slot) : slot }
  const broken = brokenBy(observed, action)
  expect(brokenBy(swapSlots(observed), mirrored)).toBe(broken)
  return broken
}

/** An action, facts on which it is safe, and what makes it unsafe. */
interface Row {
  readonly asked: Asked
  readonly safe: Facts
  readonly unsafe: readonly (readonly [what: string, change: Facts, broken: InvariantId])[]
}

const HEALS = { ...NEW, heals: true }
const ROTATES_BACK = { ...NEW, from: 'B', to: 'A' } as const

const SET: Row = {
  asked: { step: 'set', slot: 'B' },
  safe: OPEN,
  unsafe: [
    ['nothing is staged', store({ rotation: NEW }), 'I2'],
    ['something else is staged', store({ rotation: NEW, pending: 'turn' }), 'I2'],
    ['the document has changed', store({ ...OPENED, stale: true }), 'I2'],
    ['no rotation is recorded', store({ pending: 'open' }), 'I1'],
    ['it is the old slot', store({ pending: 'open', rotation: ROTATES_BACK }), 'I1'],
    ['it is active', store({ ...OPENED, active: 'B' }), 'I1'],
    ['the rotation meets a lost slot', store({ pending: 'open', rotation: HEALS }), 'I1'],
    ['a consumer is told to use it', holding('A', 'B'), 'I1'],
    ['a consumer holds a lost password of it', holding('A', 'lost-B'), 'I1'],
    ['somebody is on it', crowd(1, 1), 'I1'],
  ],
}

const RETIRE_STORE = { active: 'B', rotation: NEW, pending: 'retire' } as const
const RETIRE: Row = {
  asked: { step: 'retire', slot: 'A' },
  safe: { ...FLIPPED, ...store(RETIRE_STORE) },
  unsafe: [
    ['nothing is staged', store({ active: 'B', rotation: NEW }), 'I2'],
    ['something else is staged', store({ active: 'B', rotation: NEW, pending: 'open' }), 'I2'],
    ['the document has changed', store({ ...RETIRE_STORE, stale: true }), 'I2'],
    ['no rotation is recorded', store({ active: 'B', pending: 'retire' }), 'I1'],
    ['it is the new slot', store({ ...RETIRE_STORE, rotation: ROTATES_BACK }), 'I1'],
    ['it is active', store({ ...RETIRE_STORE, active: 'A' }), 'I1'],
    ['a roll is not done', rolls('rolling'), 'I1'],
    ['a roll has failed', rolls('failed'), 'I1'],
    ['it was not quiet', { quiet: { A: false, B: false } }, 'I1'],
    ['a consumer is told to use it', holding('A'), 'I1'],
    ['a consumer holds a lost password of it', holding('B', 'lost-A'), 'I1'],
    ['somebody is on it', crowd(1, 1), 'I1'],
  ],
}

const REINSTATE: Row = {
  asked: { step: 'reinstate', slot: 'A' },
  safe: { ...login(DENIED, ACCEPTED), ...holding('A'), ...crowd(0, 0), trustsSecret: true },
  unsafe: [
    ['a rotation is open', store({ rotation: NEW }), 'I4'],
    ['something is staged', store({ pending: 'foreign' }), 'I4'],
    ['nobody says that the secret is right', { trustsSecret: false }, 'I1'],
    ['there may be a second password', { strategy: 'dual-password' }, 'I1'],
    ['it logs in', login(ACCEPTED, ACCEPTED), 'I1'],
    ['somebody has locked it', login(LOCKED, ACCEPTED), 'I1'],
    ['a consumer holds another password', holding('lost-A'), 'I1'],
    ['somebody is on it', crowd(1, 0), 'I1'],
    ['it stands by', store({ active: 'B' }), 'I1'],
  ],
}

const QUARANTINE: Row = {
  asked: { step: 'quarantine', slot: 'A' },
  safe: FLIPPED,
  unsafe: [
    ['it is active', store({ rotation: NEW }), 'I1'],
    ['a consumer is told to use it', holding('A'), 'I1'],
    ['somebody is on it', crowd(1, 1), 'I1'],
  ],
}

const FLIP: Row = {
  asked: { step: 'flip', slot: 'B' },
  safe: { ...OPEN, ...login(ACCEPTED, STAGED) },
  unsafe: [
    ['it does not log in', login(ACCEPTED, ACCEPTED), 'I3'],
    ['it may do less', { standbyUser: 'partial' }, 'I3'],
    ['it is not there', { standbyUser: 'absent' }, 'I3'],
    ['it may do other things', { standbyUser: 'differs' }, 'I3'],
  ],
}

const TURN_STORE: StoreFacts = { active: 'B', rotation: NEW, pending: 'none', stale: false }
const TURN: Row = {
  asked: { step: 'turn', slot: 'A' },
  safe: { ...FLIPPED, store: TURN_STORE, ...login(ACCEPTED, ACCEPTED) },
  unsafe: [
    ['it does not log in', login(DENIED, ACCEPTED), 'I3'],
    ['only what is staged logs in', login(STAGED, ACCEPTED), 'I3'],
    [
      'what is staged may be its only password',
      { ...store(RETIRE_STORE), ...login(STAGED, ACCEPTED) },
      'I2',
    ],
    [
      'consumers have come from the initial user',
      store({ ...TURN_STORE, rotation: { ...NEW, initial: ['web'] } }),
      'I1',
    ],
  ],
}

const EVICT: Row = {
  asked: { step: 'evict', slot: 'A' },
  safe: { ...FLIPPED, ...store(RETIRE_STORE), ...login(STAGED, ACCEPTED), urgent: true },
  unsafe: [
    ['nothing is urgent', { urgent: false }, 'I1'],
    ['its password has not been replaced', login(ACCEPTED, ACCEPTED), 'I1'],
    ['it is active', store({ ...RETIRE_STORE, active: 'A' }), 'I1'],
    ['a consumer is told to use it', holding('A'), 'I1'],
  ],
}

const EXPIRE: Row = {
  asked: { step: 'expire', slot: 'A' },
  safe: FLIPPED,
  unsafe: [
    ['it is active', store({ rotation: NEW }), 'I1'],
    ['a consumer is told to use it', holding('A'), 'I1'],
    ['a consumer holds a lost password of it', holding('lost-A'), 'I1'],
  ],
}

const PUBLISH: Row = {
  asked: { step: 'publish', slot: 'B', where: 'web' },
  safe: FLIPPED,
  unsafe: [
    ['it does not log in', login(ACCEPTED, STAGED), 'I3'],
    ['it stands by', store({ rotation: NEW }), 'I3'],
  ],
}

const BEGIN = (['open', 'rehearse', 'reconcile'] as const).map((step): Row => {
  return {
    asked: { step, slot: 'B' },
    safe: {},
    unsafe: [['a rotation is open', store({ rotation: NEW }), 'I4']],
  }
})

const CAME = { ...NEW, initial: ['web'] }
const TURNED = { ...CAME, backOut: 'why' }
const INITIAL: Facts = {
  ...holding('B'),
  initial: { logsIn: true, activeAbsent: false, returned: false },
}
const RETURNS: readonly Row[] = [
  {
    asked: { step: 'turn', slot: 'initial' },
    safe: { ...INITIAL, store: { ...TURN_STORE, rotation: CAME } },
    unsafe: [
      ['it has turned', store({ ...TURN_STORE, rotation: TURNED }), 'I4'],
      ['a password is staged', store({ ...TURN_STORE, rotation: CAME, pending: 'open' }), 'I4'],
      [
        'what is staged may be the only password of the old slot',
        { ...store({ ...RETIRE_STORE, rotation: CAME }), ...login(DENIED, ACCEPTED) },
        'I2',
      ],
      ['nobody has come from there', store(TURN_STORE), 'I1'],
      [
        'it does not log in',
        { initial: { logsIn: false, activeAbsent: false, returned: false } },
        'I1',
      ],
    ],
  },
  {
    asked: { step: 'flip', slot: 'initial' },
    safe: { ...INITIAL, store: { ...TURN_STORE, rotation: CAME, pending: 'turn' } },
    unsafe: [
      ['nothing is staged that says so', store({ ...TURN_STORE, rotation: CAME }), 'I3'],
      ['nobody has come from there', store({ ...TURN_STORE, pending: 'turn' }), 'I1'],
    ],
  },
  {
    asked: { step: 'publish', slot: 'initial', where: 'web' },
    safe: { ...INITIAL, store: { ...TURN_STORE, active: 'A', rotation: TURNED } },
    unsafe: [
      ['the rotation goes forward', store({ ...TURN_STORE, rotation: CAME }), 'I1'],
      [
        'this one has not been there, and works',
        store({ ...TURN_STORE, rotation: { ...TURNED, heals: true, initial: ['job'] } }),
        'I1',
      ],
    ],
  },
  {
    asked: { step: 'publish', slot: 'initial', where: 'job' },
    safe: {
      ...INITIAL,
      ...store({ rotation: { ...TURNED, heals: true, initial: ['web', 'job'] } }),
    },
    unsafe: [],
  },
  {
    asked: { step: 'roll', slot: 'initial', where: 'workers' },
    safe: { ...INITIAL, ...store({ rotation: TURNED }) },
    unsafe: [['the rotation goes forward', store({ rotation: CAME }), 'I1']],
  },
]

const ROWS: readonly Row[] = [
  ...[SET, RETIRE, REINSTATE, QUARANTINE, FLIP, TURN, EVICT, EXPIRE, PUBLISH],
  ...BEGIN,
  ...RETURNS,
]

describe.each(ROWS)('$asked.step of $asked.slot $asked.where', ({ asked, safe, unsafe }) => {
  test('is safe where it is meant for', () => {
    expect(judged(asked, safe)).toBeUndefined()
  })

  test.each(unsafe)('is not where %s', (_, change, broken) => {
    expect(judged(asked, { ...safe, ...change })).toBe(broken)
  })
})

test('whoever is urgent sets and retires past sessions, and not past consumers', () => {
  const urgent: Facts = { ...crowd(1, 1), quiet: { A: false, B: false }, urgent: true }
  expect(judged(SET.asked, { ...SET.safe, ...urgent })).toBeUndefined()
  expect(judged(RETIRE.asked, { ...RETIRE.safe, ...urgent })).toBeUndefined()
  expect(judged(RETIRE.asked, { ...RETIRE.safe, ...urgent, ...holding('A') })).toBe('I1')
})

test('a flip back, or to a slot that is met, asks no privileges of it', () => {
  const poor: Facts = { standbyUser: 'partial', ...login(ACCEPTED, BOTH) }
  const flip = { step: 'flip', slot: 'B' } as const
  expect(judged(flip, { ...poor, ...store({ pending: 'turn', rotation: NEW }) })).toBeUndefined()
  expect(judged(flip, { ...poor, ...store({ pending: 'open', rotation: HEALS }) })).toBeUndefined()
})

test('nothing else is done to the initial user, and a target of slots has no other user', () => {
  const facts = { ...INITIAL, ...store({ rotation: TURNED }) }
  expect(judged({ step: 'set', slot: 'initial' }, facts)).toBe('I1')
  expect(judged({ step: 'set', slot: 'user' }, OPEN)).toBe('I4')
})

test.each(['heal', 'provision', 'grant', 'roll', 'drain', 'release', 'stage', 'close'] as const)(
  '%s needs no second look',
  (step) => {
    expect(judged({ step, slot: 'B' }, { ...holding('A', 'B'), ...crowd(1, 1) })).toBeUndefined()
  },
)

test('a run stops with the invariant, what was to be done, and why it was thought due', () => {
  const observed = { ...REST, ...SET.safe }
  const why = 'the staged password is not set yet'
  expect(() => assertSafe(observed, { ...SET.asked, why })).not.toThrow()
  const unsafe = { ...observed, ...holding('B') }
  expect(() => assertSafe(unsafe, { ...SET.asked, why })).toThrow(
    `I1: set of slot B (${why}): ${INVARIANTS.I1}`,
  )
})
