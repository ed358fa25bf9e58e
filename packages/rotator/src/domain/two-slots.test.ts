// Goal: with no rotation open, each fact is met by the action or the refusal that it calls for, and
// by a reason. That no state leads to an action that hurts is `decide.test.ts`'s.
import { expect, test } from 'vitest'
import {
  ACCEPTED,
  BOTH,
  LOCKED,
  NEW,
  STAGED,
  DENIED,
  TROUBLE,
  UNKNOWN,
  store,
  login,
  holding,
  crowd,
  decided,
  said,
  reason,
} from '../../../testkit/src/sim/two-slot-facts.ts'
import type { Row } from '../../../testkit/src/sim/two-slot-facts.ts'

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
  [
    'consumers on a standby slot that is denied come back',
    { ...holding('B'), ...login(ACCEPTED, DENIED) },
    'reconcile A',
  ],
  ['a dead config target is brought to the active slot', holding('dead'), 'reconcile A'],
  [
    'a dead config target is brought to the slot that logs in',
    { ...holding('dead'), ...login(DENIED, ACCEPTED) },
    'reconcile B',
  ],
  [
    'a dead config target is refused where no slot logs in',
    { ...holding('dead'), ...login(DENIED, DENIED) },
    'ACTIVE_DENIED',
  ],
  ['consumers on both slots meet on the active one', holding('A', 'B'), 'reconcile A'],
  ['an unknown user is refused', holding('A', 'foreign'), 'CONSUMER_UNKNOWN'],
  ['an active slot that is denied is refused', login(DENIED, ACCEPTED), 'ACTIVE_DENIED'],
  ['a standby slot in use is refused', crowd(1, 1), 'STANDBY_IN_USE'],
  ['a standby slot in use is not rehearsed on', crowd(1, 1), 'STANDBY_IN_USE', 'rehearse'],
  ['a standby slot in use is left alone by heal', crowd(1, 1), 'settled', 'converge'],
  ['a standby slot in use does not stop an urgent run', { ...crowd(1, 1), urgent: true }, 'open B'],
  ['a second password is ended first', { stray: true }, 'reconcile A'],
  ['a second password is ended by heal', { stray: true }, 'reconcile A', 'converge'],
  ['a second password is not ended by a rehearsal', { stray: true }, 'SECOND_PASSWORD', 'rehearse'],
  ['missing rights are refused', { standbyUser: 'differs' }, 'PRIVILEGES_DIFFER'],
  [
    'missing rights are granted where that is allowed',
    { standbyUser: 'differs', mayGrant: true },
    'grant B',
  ],
  ['missing rights are no matter to heal', { standbyUser: 'differs' }, 'settled', 'converge'],
  ['heal replaces a standby password that nobody knows', UNKNOWN, 'reconcile A', 'converge'],
  [
    'heal gives no password to a standby user that is not there',
    { ...UNKNOWN, standbyUser: 'absent' },
    'settled',
    'converge',
  ],
  [
    'heal leaves a stand-in on standby',
    { ...UNKNOWN, placeholder: { A: false, B: true } },
    'settled',
    'converge',
  ],
  ['what others have staged is left alone', store({ pending: 'foreign' }), 'PENDING_FOREIGN'],
  [
    'a healed document is closed',
    { ...store({ pending: 'heal' }), ...login(ACCEPTED, STAGED) },
    'close B',
  ],
  [
    'a healed document is closed without knowing which slot it was',
    store({ pending: 'heal' }),
    'close A',
  ],
  [
    'only the slot whose password is new counts as healed',
    { ...store({ pending: 'heal' }), ...login(BOTH, STAGED) },
    'close B',
  ],
  [
    'a document with two healed slots is closed for the active one',
    { ...store({ active: 'B', pending: 'heal' }), ...login(STAGED, STAGED) },
    'close B',
  ],
  [
    'a healed document that has changed is staged anew',
    store({ pending: 'heal', stale: true }),
    'rebase A',
  ],
  ['nothing is staged anew where nothing is staged', store({ stale: true }), 'open B'],
  ['what was given up is closed without a record', store({ pending: 'undo' }), 'close B'],
  [
    'what was given up is closed for the slot of the record',
    store({ pending: 'undo', rotation: { ...NEW, from: 'B', to: 'A' } }),
    'close A',
  ],
  ['a permission to grant is used only where rights are missing', { mayGrant: true }, 'open B'],
  ['one lost password among others is learnt', holding('A', 'lost-A'), 'heal A'],
]

test.each(IDLE.map((row) => ({ row, what: row[0] })))('$what', ({ row }) => {
  const [, facts, expected, intent] = row
  expect(said(decided(facts, intent))).toBe(expected)
  expect(reason(facts, intent) === '').toBe(expected === 'settled')
})

test('the reason names the consumers that are unknown, and a lock', () => {
  expect(reason(holding('A', 'foreign'))).toBe('at job')
  const denied = reason(login(DENIED, ACCEPTED))
  expect(denied).toMatch(/A$/)
  expect(reason(login(LOCKED, ACCEPTED))).toBe(`${denied} is locked`)
})
