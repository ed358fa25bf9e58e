// Goal: with a rotation open, each fact is met by the action or the refusal that it calls for, and
// by a reason of its own. That no state leads to an action that hurts is `decide.test.ts`'s.
import { describe, expect, test } from 'vitest'
import {
  ACCEPTED,
  BOTH,
  STAGED,
  DENIED,
  LOCKED,
  NEW,
  TROUBLE,
  OPENED,
  OPEN,
  FLIPPED,
  CLOSING,
  RETIRED,
  LEAKED,
  BACK,
  TURNED,
  store,
  login,
  holding,
  crowd,
  rolls,
  turning,
  rehearsed,
  meeting,
  decided,
  said,
  reason,
} from '../../../testkit/src/sim/two-slot-facts.ts'
import type { Row } from '../../../testkit/src/sim/two-slot-facts.ts'
import type { TwoSlotFacts } from './observed.ts'

const BEFORE_FLIP: readonly Row[] = [
  ['rights that are there are not granted', { ...OPEN, mayGrant: true }, 'set B'],
  ['the staged password is set', OPEN, 'set B'],
  [
    'the staged password is flipped to once it logs in',
    { ...OPEN, ...login(ACCEPTED, STAGED) },
    'flip B',
  ],
  ['a rotation is undone when asked', OPEN, 'undo B', 'back-out'],
  ['a rotation is undone after a failure', { ...OPEN, trouble: TROUBLE }, 'undo B'],
  ['a missing user is made', { ...OPEN, standbyUser: 'absent' }, 'provision B'],
  ['a user is completed', { ...OPEN, standbyUser: 'partial' }, 'provision B'],
  ['rights are granted', { ...OPEN, standbyUser: 'differs', mayGrant: true }, 'grant B'],
  ['a rotation is undone where rights are missing', { ...OPEN, standbyUser: 'differs' }, 'undo B'],
  ['an account must not expire', { ...OPEN, expires: { A: false, B: true } }, 'release B'],
  [
    'a rotation is undone when somebody uses the standby slot',
    { ...OPEN, ...crowd(1, 1) },
    'undo B',
  ],
  [
    'a rotation is undone when a config target holds the standby slot',
    { ...OPEN, ...holding('A', 'B') },
    'undo B',
  ],
  [
    'a rotation is undone when one holds its lost password',
    { ...OPEN, ...holding('A', 'lost-B') },
    'undo B',
  ],
  ['an urgent run does not mind sessions', { ...OPEN, ...crowd(1, 1), urgent: true }, 'set B'],
  [
    'an urgent run does not take from a config target what it holds',
    { ...OPEN, ...holding('A', 'B'), urgent: true },
    'undo B',
  ],
  ['an urgent run ends sessions before the flip', { ...LEAKED, ...crowd(1, 1) }, 'evict B'],
  ['an urgent run flips when there are no sessions', LEAKED, 'flip B'],
  ['an urgent run flips to a slot that is held', { ...LEAKED, ...holding('A', 'B') }, 'flip B'],
  [
    'a rehearsal ends before the flip',
    { ...rehearsed(), ...login(ACCEPTED, STAGED) },
    'undo B',
    'rehearse',
  ],
  ['a rehearsal sets the password', rehearsed(), 'set B', 'rehearse'],
  ['a rehearsal does not finish a rotation', OPEN, 'ROTATION_OPEN', 'rehearse'],
  [
    'a reconciliation flips to what logs in',
    { ...meeting(), ...login(ACCEPTED, STAGED) },
    'flip B',
  ],
  ['a reconciliation with what is denied is undone', meeting(), 'undo B'],
  ['a changed document is staged anew', store({ ...OPENED, stale: true }), 'rebase B'],
  [
    'a rotation to the active slot fits not',
    store({ ...OPENED, active: 'B' }),
    'DOCUMENT_INCONSISTENT',
  ],
]

const AFTER_FLIP: readonly Row[] = [
  ['an urgent run closes when there are no sessions', { ...RETIRED, urgent: true }, 'close A'],
  ['config targets are published to', { ...FLIPPED, ...holding('B', 'A') }, 'publish B job'],
  ['runtimes are rolled', { ...FLIPPED, ...rolls('due') }, 'roll B workers'],
  ['a roll under way is waited for', { ...FLIPPED, ...rolls('rolling') }, 'roll B workers'],
  ['a roll that fails turns the rotation', { ...FLIPPED, ...rolls('failed') }, 'turn A'],
  ['a failure turns the rotation', { ...FLIPPED, trouble: TROUBLE }, 'turn A'],
  [
    'a new slot that is denied turns the rotation',
    { ...FLIPPED, ...login(ACCEPTED, DENIED) },
    'turn A',
  ],
  ['a rotation is turned when asked', FLIPPED, 'turn A', 'back-out'],
  [
    'turning opens a locked slot first',
    { ...FLIPPED, ...login(LOCKED, ACCEPTED) },
    'release A',
    'back-out',
  ],
  [
    'turning lifts a date first',
    { ...FLIPPED, expires: { A: true, B: false } },
    'release A',
    'back-out',
  ],
  [
    'turning is refused when the old slot is denied',
    { ...FLIPPED, ...login(DENIED, ACCEPTED) },
    'BACK_OUT_IMPOSSIBLE',
    'back-out',
  ],
  ['a session on the old slot is waited for', { ...FLIPPED, ...crowd(1, 1) }, 'drain A'],
  ['the quiet window is waited for', { ...FLIPPED, quiet: { A: false, B: false } }, 'drain A'],
  ['a date is set before the wait', { ...FLIPPED, ...crowd(1, 1), expiry: true }, 'expire A'],
  [
    'a date is set once',
    { ...FLIPPED, ...crowd(1, 1), expiry: true, expires: { A: true, B: false } },
    'drain A',
  ],
  ['a date is not set while closing', { ...CLOSING, ...crowd(1, 1), expiry: true }, 'drain A'],
  ['a date is lifted before the end', { ...FLIPPED, expires: { A: true, B: false } }, 'release A'],
  ['a quarantine comes before the end', { ...FLIPPED, quarantine: true }, 'quarantine A'],
  ['a quarantine is not repeated', { ...FLIPPED, quarantine: true, quarantined: true }, 'stage A'],
  [
    'a quarantine is left out of an urgent run',
    { ...FLIPPED, quarantine: true, urgent: true },
    'stage A',
  ],
  ['a quarantine is not begun while closing', { ...CLOSING, quarantine: true }, 'retire A'],
  ['an urgent run waits for nobody', { ...FLIPPED, ...crowd(1, 1), urgent: true }, 'stage A'],
  ['the old slot gets a fresh password', FLIPPED, 'stage A'],
  ['a missing user is made at the end', { ...FLIPPED, standbyUser: 'absent' }, 'provision A'],
  ['the fresh password is set', CLOSING, 'retire A'],
  [
    'the rotation is closed once the old slot has its fresh password',
    { ...CLOSING, ...login(STAGED, ACCEPTED) },
    'close A',
  ],
  [
    'a locked slot does not count as having it',
    { ...CLOSING, ...login({ ...STAGED, locked: true }, ACCEPTED) },
    'retire A',
  ],
  ['sessions with a leaked password end', { ...RETIRED, ...crowd(2, 1), urgent: true }, 'evict A'],
  ['sessions with a password that has not leaked stay', { ...RETIRED, ...crowd(2, 1) }, 'close A'],
  [
    'a rotation that names neither slot fits not',
    store({ rotation: NEW }),
    'DOCUMENT_INCONSISTENT',
  ],
]

const TURNING: readonly Row[] = [
  [
    'a session on the slot that is given up is waited for',
    { ...TURNED, ...crowd(1, 1) },
    'drain B',
  ],
  [
    'nothing is flipped back before it is staged',
    { ...FLIPPED, ...store({ ...BACK, active: 'B' }), ...login(BOTH, ACCEPTED) },
    'DOCUMENT_INCONSISTENT',
  ],
  [
    'the rotation is flipped back',
    { ...FLIPPED, ...turning(), ...login(BOTH, ACCEPTED) },
    'flip A',
  ],
  ['nothing is flipped that is not staged', { ...FLIPPED, ...turning() }, 'DOCUMENT_INCONSISTENT'],
  [
    'a slot that is denied cannot be turned back to',
    { ...FLIPPED, ...turning(), ...login(DENIED, ACCEPTED) },
    'BACK_OUT_IMPOSSIBLE',
  ],
  ['a locked slot is opened', { ...TURNED, ...login(LOCKED, ACCEPTED) }, 'release A'],
  ['a date on the slot is lifted', { ...TURNED, expires: { A: true, B: false } }, 'release A'],
  ['a roll that fails both ways is for a person', { ...TURNED, ...rolls('failed') }, 'ROLL_FAILED'],
  ['config targets are published to again', { ...TURNED, ...holding('A', 'B') }, 'publish A job'],
  ['the record of turning back is staged', TURNED, 'undo B'],
  ['the record of turning back is closed', store({ ...BACK, pending: 'undo' }), 'close B'],
]

describe.each([
  ['before the flip', BEFORE_FLIP],
  ['after the flip', AFTER_FLIP],
  ['on the way back', TURNING],
])('%s', (_when, rows) => {
  test.each(rows.map((row) => ({ row, what: row[0] })))('$what', ({ row }) => {
    const [, facts, expected, intent] = row
    expect(said(decided(facts, intent))).toBe(expected)
    expect(reason(facts, intent) === '').toBe(expected === 'settled')
  })
})

describe('the reason that is told', () => {
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
    expect(reason({ ...FLIPPED, ...rolls('rolling') })).toContain('under way')
    expect(reason({ ...FLIPPED, ...rolls('due') })).not.toContain('under way')
    expect(reason({ ...TURNED, ...rolls('failed') })).toBe('workers')
    const runtimes = [{ id: 'workers', roll: 'failed', why: 'it crashes' }] as const
    expect(reason({ ...TURNED, runtimes })).toBe('it crashes')
    expect(reason(OPEN, 'rehearse')).toContain('r7')
    expect(reason(crowd(1, 17))).toContain('17')
    expect(reason(holding('B', 'dead'))).toContain('B, dead')
  })
})

function shared(id: string): TwoSlotFacts['configs'] {
  return [{ id, holds: 'foreign' }]
}
