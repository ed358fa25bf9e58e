// Goal: each fact about two slots is met by the action or the refusal that it calls for, and by a
// reason of its own. That no state leads to an action that hurts is `decide.test.ts`'s.
import { describe, expect, test } from 'vitest'
import { decide } from './decide.ts'
import type { LoginFacts, RotationFacts, StoreFacts, TwoSlotFacts } from './observed.ts'
import type { Decision, Intent } from './plan.ts'

type Facts = Partial<TwoSlotFacts>

const ACCEPTED: LoginFacts = { current: true, pending: false, locked: false }
const BOTH: LoginFacts = { ...ACCEPTED, pending: true }
const STAGED: LoginFacts = { current: false, pending: true, locked: false }
const DENIED: LoginFacts = { current: false, pending: false, locked: false }
const LOCKED: LoginFacts = { ...DENIED, locked: true }

const REST: TwoSlotFacts = {
  strategy: 'alternating',
  store: { active: 'A', pending: 'none', stale: false },
  login: { A: ACCEPTED, B: ACCEPTED },
  placeholder: { A: false, B: false },
  standbyUser: 'equal',
  configs: [{ id: 'web', holds: 'A' }],
  runtimes: [{ id: 'workers', roll: 'done' }],
  sessions: { A: 1, B: 0 },
  quiet: { A: false, B: true },
  expires: { A: false, B: false },
  expiry: false,
  mayGrant: false,
  quarantine: false,
  quarantined: false,
  stray: false,
  urgent: false,
}

const NEW: RotationFacts = {
  id: 'r7',
  from: 'A',
  to: 'B',
  heals: false,
  rehearses: false,
  urgent: false,
}

const TROUBLE = { step: 'publish', code: 'ERR_TARGET_UNWRITABLE' }

/** B is staged, and everybody is on A. */
const OPENED: Partial<StoreFacts> = { pending: 'open', rotation: NEW }
const OPEN: Facts = store(OPENED)

/** B is active and everybody is there; nobody is left on A. */
const FLIPPED: Facts = {
  ...store({ active: 'B', rotation: NEW }),
  configs: [{ id: 'web', holds: 'B' }],
  sessions: { A: 0, B: 1 },
  quiet: { A: true, B: false },
}

/** The same, with the closing version staged. */
const CLOSING: Facts = { ...FLIPPED, ...store({ active: 'B', rotation: NEW, pending: 'retire' }) }

/** The old slot has its fresh password. */
const RETIRED: Facts = { ...CLOSING, ...login(STAGED, ACCEPTED) }

/** The staged password logs in, and what is in force has leaked. */
const LEAKED: Facts = { ...OPEN, ...login(ACCEPTED, STAGED), urgent: true }

/** Nobody knows the password of the standby slot. */
const UNKNOWN: Facts = login(ACCEPTED, DENIED)

/** Everybody is back on A. */
const BACK: Partial<StoreFacts> = { rotation: { ...NEW, backOut: 'asked to back out' } }
const TURNED: Facts = store(BACK)

function store(facts: Partial<StoreFacts>): Pick<TwoSlotFacts, 'store'> {
  return { store: { ...REST.store, ...facts } }
}

function login(A: LoginFacts, B: LoginFacts): Pick<TwoSlotFacts, 'login'> {
  return { login: { A, B } }
}

function decided(facts: Facts, intent: Intent = 'rotate'): Decision {
  return decide({ ...REST, ...facts }, intent)
}

function said(decision: Decision): string {
  if (decision.kind !== 'next') return decision.kind === 'refused' ? decision.code : decision.kind
  const { step, slot, where } = decision.action
  return where === undefined ? `${step} ${slot}` : `${step} ${slot} ${where}`
}

type Row = readonly [string, Facts, string, Intent?]

const IDLE: readonly Row[] = [
  ['a rotation is begun', {}, 'open B'],
  ['a rehearsal is begun', {}, 'rehearse B', 'rehearse'],
  ['heal has nothing to do', {}, 'settled', 'converge'],
  ['there is nothing to back out', { configs: [{ id: 'web', holds: 'B' }] }, 'settled', 'back-out'],
  ['nothing is begun after a step has failed', { trouble: TROUBLE }, 'settled'],
  ['a stand-in is refused', { placeholder: { A: true, B: false } }, 'PLACEHOLDER'],
  ['a stand-in on standby is no matter', { placeholder: { A: false, B: true } }, 'open B'],
  ['a lost password of the active slot is learnt', holding('lost-A'), 'heal A'],
  ['a lost password of the other slot is learnt', holding('lost-B'), 'heal B'],
  ['consumers on the standby slot become the truth', holding('B'), 'reconcile B'],
  ['or not, if it does not log in', { ...holding('B'), ...login(ACCEPTED, DENIED) }, 'reconcile A'],
  ['a dead config target is brought to the active slot', holding('dead'), 'reconcile A'],
  ['or to the other one', { ...holding('dead'), ...login(DENIED, ACCEPTED) }, 'reconcile B'],
  ['or to none', { ...holding('dead'), ...login(DENIED, DENIED) }, 'ACTIVE_DENIED'],
  ['consumers on both slots meet on the active one', holding('A', 'B'), 'reconcile A'],
  ['an unknown user is refused', holding('A', 'foreign'), 'CONSUMER_UNKNOWN'],
  ['an active slot that is denied is refused', login(DENIED, ACCEPTED), 'ACTIVE_DENIED'],
  ['a standby slot in use is refused', crowd(1, 1), 'STANDBY_IN_USE'],
  ['and not rehearsed', crowd(1, 1), 'STANDBY_IN_USE', 'rehearse'],
  ['and left alone by heal', crowd(1, 1), 'settled', 'converge'],
  ['unless what is in force has leaked', { ...crowd(1, 1), urgent: true }, 'open B'],
  ['a second password is ended first', { stray: true }, 'reconcile A'],
  ['by heal, too', { stray: true }, 'reconcile A', 'converge'],
  ['and not by a rehearsal', { stray: true }, 'SECOND_PASSWORD', 'rehearse'],
  ['missing rights are refused', { standbyUser: 'differs' }, 'PRIVILEGES_DIFFER'],
  ['or granted', { standbyUser: 'differs', mayGrant: true }, 'grant B'],
  ['heal learns no rights', { standbyUser: 'differs' }, 'settled', 'converge'],
  ['heal replaces a standby password that nobody knows', UNKNOWN, 'reconcile A', 'converge'],
  ['not one of nobody', { ...UNKNOWN, standbyUser: 'absent' }, 'settled', 'converge'],
  ['nor a stand-in', { ...UNKNOWN, placeholder: { A: false, B: true } }, 'settled', 'converge'],
  ['what others have staged is left alone', store({ pending: 'foreign' }), 'PENDING_FOREIGN'],
  [
    'a healed document is closed',
    { ...store({ pending: 'heal' }), ...login(ACCEPTED, STAGED) },
    'close B',
  ],
  ['even if it is not seen which slot was healed', store({ pending: 'heal' }), 'close A'],
]

const BEFORE_FLIP: readonly Row[] = [
  ['the staged password is set', OPEN, 'set B'],
  ['and flipped to', { ...OPEN, ...login(ACCEPTED, STAGED) }, 'flip B'],
  ['it is undone when asked', OPEN, 'undo B', 'back-out'],
  ['it is undone after a failure', { ...OPEN, trouble: TROUBLE }, 'undo B'],
  ['a missing user is made', { ...OPEN, standbyUser: 'absent' }, 'provision B'],
  ['a user is completed', { ...OPEN, standbyUser: 'partial' }, 'provision B'],
  ['rights are granted', { ...OPEN, standbyUser: 'differs', mayGrant: true }, 'grant B'],
  ['or it is undone', { ...OPEN, standbyUser: 'differs' }, 'undo B'],
  ['an account must not expire', { ...OPEN, expires: { A: false, B: true } }, 'release B'],
  ['it is undone when somebody logs in', { ...OPEN, ...crowd(1, 1) }, 'undo B'],
  ['or is told to', { ...OPEN, ...holding('A', 'B') }, 'undo B'],
  ['or was told to', { ...OPEN, ...holding('A', 'lost-B') }, 'undo B'],
  ['an urgent run does not mind sessions', { ...OPEN, ...crowd(1, 1), urgent: true }, 'set B'],
  ['but config targets', { ...OPEN, ...holding('A', 'B'), urgent: true }, 'undo B'],
  ['it ends sessions before the flip', { ...LEAKED, ...crowd(1, 1) }, 'evict B'],
  ['if there are any', LEAKED, 'flip B'],
  ['and they are not told to be there', { ...LEAKED, ...holding('A', 'B') }, 'flip B'],
  ['a rehearsal ends here', { ...rehearsed(), ...login(ACCEPTED, STAGED) }, 'undo B', 'rehearse'],
  ['and not earlier', rehearsed(), 'set B', 'rehearse'],
  ['a rehearsal does not finish a rotation', OPEN, 'ROTATION_OPEN', 'rehearse'],
  [
    'a reconciliation flips to what logs in',
    { ...meeting(), ...login(ACCEPTED, STAGED) },
    'flip B',
  ],
  ['and is undone otherwise', meeting(), 'undo B'],
  ['a changed document is staged anew', store({ ...OPENED, stale: true }), 'rebase B'],
  [
    'a rotation to the active slot fits not',
    store({ ...OPENED, active: 'B' }),
    'DOCUMENT_INCONSISTENT',
  ],
]

const AFTER_FLIP: readonly Row[] = [
  ['consumers are told', { ...FLIPPED, ...holding('B', 'A') }, 'publish B job'],
  ['runtimes are rolled', { ...FLIPPED, ...rolls('due') }, 'roll B workers'],
  ['and waited for', { ...FLIPPED, ...rolls('rolling') }, 'roll B workers'],
  ['a roll that fails turns it', { ...FLIPPED, ...rolls('failed') }, 'turn A'],
  ['a failure turns it', { ...FLIPPED, trouble: TROUBLE }, 'turn A'],
  ['a denied slot turns it', { ...FLIPPED, ...login(ACCEPTED, DENIED) }, 'turn A'],
  ['it is turned when asked', FLIPPED, 'turn A', 'back-out'],
  [
    'which opens a locked slot',
    { ...FLIPPED, ...login(LOCKED, ACCEPTED) },
    'release A',
    'back-out',
  ],
  ['and one that expires', { ...FLIPPED, expires: { A: true, B: false } }, 'release A', 'back-out'],
  ['or is late', { ...FLIPPED, ...login(DENIED, ACCEPTED) }, 'BACK_OUT_IMPOSSIBLE', 'back-out'],
  ['somebody is waited for', { ...FLIPPED, ...crowd(1, 1) }, 'drain A'],
  ['nobody is watched for', { ...FLIPPED, quiet: { A: false, B: false } }, 'drain A'],
  ['a date is set first', { ...FLIPPED, ...crowd(1, 1), expiry: true }, 'expire A'],
  ['once', { ...FLIPPED, ...crowd(1, 1), expiry: true, expires: { A: true, B: false } }, 'drain A'],
  ['and not when closing', { ...CLOSING, ...crowd(1, 1), expiry: true }, 'drain A'],
  ['and lifted', { ...FLIPPED, expires: { A: true, B: false } }, 'release A'],
  ['a quarantine comes before the end', { ...FLIPPED, quarantine: true }, 'quarantine A'],
  ['once a time', { ...FLIPPED, quarantine: true, quarantined: true }, 'stage A'],
  ['not in an emergency', { ...FLIPPED, quarantine: true, urgent: true }, 'stage A'],
  ['and not when closing, either', { ...CLOSING, quarantine: true }, 'retire A'],
  ['in an emergency nobody is waited for', { ...FLIPPED, ...crowd(1, 1), urgent: true }, 'stage A'],
  ['the old slot gets a fresh password', FLIPPED, 'stage A'],
  ['a missing user is made at the end', { ...FLIPPED, standbyUser: 'absent' }, 'provision A'],
  ['which is set', CLOSING, 'retire A'],
  ['and closes it', { ...CLOSING, ...login(STAGED, ACCEPTED) }, 'close A'],
  [
    'when it is not locked',
    { ...CLOSING, ...login({ ...STAGED, locked: true }, ACCEPTED) },
    'retire A',
  ],
  ['leaked sessions end', { ...RETIRED, ...crowd(2, 1), urgent: true }, 'evict A'],
  ['others stay', { ...RETIRED, ...crowd(2, 1) }, 'close A'],
  [
    'a rotation that names neither slot fits not',
    store({ rotation: NEW }),
    'DOCUMENT_INCONSISTENT',
  ],
]

const TURNING: readonly Row[] = [
  ['it is flipped back', { ...FLIPPED, ...turning(), ...login(BOTH, ACCEPTED) }, 'flip A'],
  ['only to a slot that is staged', { ...FLIPPED, ...turning() }, 'DOCUMENT_INCONSISTENT'],
  ['that logs in', { ...FLIPPED, ...turning(), ...login(DENIED, ACCEPTED) }, 'BACK_OUT_IMPOSSIBLE'],
  ['and is not locked', { ...TURNED, ...login(LOCKED, ACCEPTED) }, 'release A'],
  ['nor expires', { ...TURNED, expires: { A: true, B: false } }, 'release A'],
  ['a roll that fails both ways is for a person', { ...TURNED, ...rolls('failed') }, 'ROLL_FAILED'],
  ['consumers are told again', { ...TURNED, ...holding('A', 'B') }, 'publish A job'],
  ['the record is staged', TURNED, 'undo B'],
  ['and closed', store({ ...BACK, pending: 'undo' }), 'close B'],
]

describe.each([
  ['with no rotation open', IDLE],
  ['before the flip', BEFORE_FLIP],
  ['after the flip', AFTER_FLIP],
  ['on the way back', TURNING],
])('%s', (_when, rows) => {
  test.each(rows)('%s', (_what, facts, expected, intent) => {
    expect(said(decided(facts, intent))).toBe(expected)
  })
})

describe('the reason that is told', () => {
  const reason = (facts: Facts, intent: Intent = 'rotate'): string => {
    const decision = decided(facts, intent)
    if (decision.kind === 'settled') return ''
    return decision.kind === 'next' ? decision.action.why : decision.why
  }

  test('is there for every action and every refusal', () => {
    const rows = [...IDLE, ...BEFORE_FLIP, ...AFTER_FLIP, ...TURNING]
    const acting = rows.filter(([, , expected]) => expected !== 'settled')
    expect(acting.filter(([, facts, , intent]) => reason(facts, intent) === '')).toEqual([])
  })

  test.each<[string, readonly string[]]>([
    [
      'undone',
      [
        reason(OPEN, 'back-out'),
        reason({ ...OPEN, trouble: TROUBLE }),
        reason({ ...OPEN, standbyUser: 'differs' }),
        reason({ ...OPEN, ...crowd(1, 1) }),
        reason({ ...rehearsed(), ...login(ACCEPTED, STAGED) }, 'rehearse'),
        reason(meeting()),
      ],
    ],
    [
      'turned',
      [
        reason(FLIPPED, 'back-out'),
        reason({ ...FLIPPED, trouble: TROUBLE }),
        reason({ ...FLIPPED, ...rolls('failed') }),
        reason({ ...FLIPPED, ...login(ACCEPTED, DENIED) }),
      ],
    ],
    [
      'rolled',
      [reason({ ...FLIPPED, ...rolls('due') }), reason({ ...FLIPPED, ...rolls('rolling') })],
    ],
    ['refused', [reason(login(DENIED, ACCEPTED)), reason(login(LOCKED, ACCEPTED))]],
  ])('is another one for each cause for which a rotation is %s', (_what, told) => {
    expect(new Set(told).size).toBe(told.length)
  })

  test('names the slot, the place, the step that failed and the rotation', () => {
    expect(reason({ ...FLIPPED, trouble: TROUBLE })).toBe('publish failed: ERR_TARGET_UNWRITABLE')
    expect(reason({ ...FLIPPED, ...rolls('failed') })).toContain('workers')
    expect(reason({ configs: [...shared('job'), ...shared('cron')] })).toContain('job, cron')
    expect(reason(OPEN, 'rehearse')).toContain('r7')
    expect(reason(crowd(1, 17))).toContain('17')
    expect(reason(holding('B', 'dead'))).toContain('B, dead')
  })
})

function shared(id: string): TwoSlotFacts['configs'] {
  return [{ id, holds: 'foreign' }]
}

function holding(...holds: readonly TwoSlotFacts['configs'][number]['holds'][]): Facts {
  return { configs: holds.map((one, n) => ({ id: n === 0 ? 'web' : 'job', holds: one })) }
}

function crowd(A: number, B: number): Facts {
  return { sessions: { A, B } }
}

function rolls(roll: TwoSlotFacts['runtimes'][number]['roll']): Facts {
  return { runtimes: [{ id: 'workers', roll }] }
}

function turning(): Facts {
  return store({ active: 'B', pending: 'turn', rotation: NEW })
}

function rehearsed(): Facts {
  return store({ pending: 'open', rotation: { ...NEW, rehearses: true } })
}

function meeting(): Facts {
  return store({ pending: 'open', rotation: { ...NEW, heals: true } })
}
