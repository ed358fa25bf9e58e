import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { AlternatingConfig } from '../../config/types.ts'
import type { TwoSlotFacts, SingleUserFacts } from '../../domain/observed.ts'
import type { Look } from '../../engine/look.ts'
import { ageOf } from './age.ts'
import { driftOf } from './drift.ts'
import { statusOf } from './status.ts'
import { statusText } from './text.ts'

const NOW = new Date('2026-01-31T00:00:00Z')
const DAY = 86_400_000
const MARKS = { id: '1', credentialVersion: '' }
const IN = { current: true, pending: false, locked: false }

const FACTS: TwoSlotFacts = {
  strategy: 'alternating',
  store: { active: 'B', pending: 'none', stale: false },
  login: { A: IN, B: IN },
  placeholder: { A: false, B: false },
  standbyUser: 'equal',
  configs: [{ id: 'web', holds: 'B' }],
  runtimes: [],
  sessions: { A: 0, B: 1 },
  quiet: { A: false, B: false },
  expires: { A: false, B: false },
  expiry: false,
  mayGrant: false,
  trustsSecret: false,
  quarantine: false,
  quarantined: false,
  stray: false,
  urgent: false,
}

const LOOK: Look = {
  target: 'shop',
  observed: FACTS,
  credentials: [
    { slot: 'A', username: 'shop_a', active: false, changedAt: '2026-01-30T00:00:00Z' },
    { slot: 'B', username: 'shop_b', active: true, changedAt: '2026-01-21T00:00:00Z' },
  ],
  lock: { kind: 'free' },
  sessions: [
    { username: 'shop_b', client: '10.0.0.1', application: 'web', endpoint: 'db:5432', ...MARKS },
  ],
  lacks: [],
  last: { id: 'x', outcome: 'rotated', closed_at: '2026-01-30T00:00:00Z' },
  plan: { actions: [], end: { kind: 'settled' } },
  basis: {
    target: 'shop',
    intent: 'converge',
    configuration: '',
    versions: { current: 'v1' },
    users: [],
    endpoints: [],
    configs: [],
    runtimes: [],
    actions: [],
  },
}

const CONFIG: AlternatingConfig = {
  strategy: 'alternating',
  store: { kind: 'file', path: '/s', keyFile: '/k' },
  admin: { store: { kind: 'file', path: '/a', keyFile: '/k' } },
  database: { engine: 'postgres', endpoints: [], poolers: [], dbname: '', tls: { mode: 'verify' } },
  publish: [],
  roll: [],
  drain: { quietMs: 0, limitMs: 0, pollMs: 0 },
  evictAfterMs: 0,
  proveLimitMs: 0,
  callLimitMs: 0,
  password: { length: 30, exclude: '' },
  maxAgeMs: 30 * DAY,
}

function seen(facts: Partial<TwoSlotFacts>, look: Partial<Look> = {}): Look {
  return { ...LOOK, ...look, observed: { ...FACTS, ...facts } }
}

describe('the age of a password', () => {
  test.each([
    ['2026-01-21T00:00:00Z', true, { ageMs: 10 * DAY, dueInMs: 20 * DAY }],
    ['2025-12-31T00:00:00Z', true, { ageMs: 31 * DAY, dueInMs: -DAY }],
    ['2025-12-31T00:00:00Z', false, { ageMs: 31 * DAY }],
    ['2027-01-01T00:00:00Z', false, { ageMs: 0 }],
    ['yesterday', true, {}],
    [undefined, true, {}],
  ])('made %s, active %s', (changedAt, active, age) => {
    const made = changedAt === undefined ? {} : { changedAt }
    const credential = { slot: 'A', username: 'u', active, ...made } as const
    expect(ageOf(credential, 30 * DAY, NOW)).toEqual(age)
  })

  test('falls never due without a limit', () => {
    const credential = {
      slot: 'user',
      username: 'u',
      active: true,
      changedAt: '2000-01-01',
    } as const
    expect(ageOf(credential, undefined, NOW)).not.toHaveProperty('dueInMs')
  })
})

describe('drift', () => {
  const stray = {
    username: 'shop_a',
    client: '10.0.0.9',
    application: 'cron',
    endpoint: 'db:5432',
    ...MARKS,
  }
  const rotation = {
    id: 'r',
    from: 'A',
    to: 'B',
    heals: false,
    rehearses: false,
    urgent: false,
  } as const
  test.each<readonly [string, Look]>([
    ['web holds slot A, and slot B is active', seen({ configs: [{ id: 'web', holds: 'A' }] })],
    ['web holds a working password of slot A', seen({ configs: [{ id: 'web', holds: 'lost-A' }] })],
    [
      'web holds the initial user, and slot B is active',
      seen({ configs: [{ id: 'web', holds: 'initial' }] }),
    ],
    ["web holds a user that is no slot's", seen({ configs: [{ id: 'web', holds: 'foreign' }] })],
    ['web holds a credential that does not', seen({ configs: [{ id: 'web', holds: 'dead' }] })],
    ['slot A does not log in', seen({ login: { A: { ...IN, current: false }, B: IN } })],
    ['the user of slot A is locked', seen({ login: { A: { ...IN, locked: true }, B: IN } })],
    ['the user of slot A does not exist', seen({ standbyUser: 'absent' })],
    ['slot B has the stand-in', seen({ placeholder: { A: false, B: true } })],
    ['slot A stands by and is in use: shop_a by cron', seen({}, { sessions: [stray] })],
    [
      'the standby user lacks SELECT on x',
      seen({ standbyUser: 'differs' }, { lacks: ['SELECT on x'] }),
    ],
    ['AWSPENDING holds', seen({ store: { active: 'B', pending: 'foreign', stale: false } })],
    ['the secret was changed', seen({ store: { active: 'B', pending: 'undo', stale: true } })],
  ])('%s', (line, look) => {
    const drift = driftOf(look)
    expect(drift).toHaveLength(1)
    expect(drift[0]).toContain(line)
  })

  test('is not what an open rotation has yet to do', () => {
    const store = { active: 'B', rotation, pending: 'none', stale: false } as const
    const configs = [{ id: 'web', holds: 'A' }] as const
    expect(driftOf(seen({ store, configs }, { sessions: [stray] }))).toEqual([])
  })

  test('of a single user names who else is there', () => {
    const observed: SingleUserFacts = {
      strategy: 'single-user',
      pending: 'foreign',
      stale: false,
      login: { current: false, pending: false, previous: true },
      placeholder: true,
      sessions: 1,
      urgent: false,
      pendingUrgent: false,
    }
    expect(driftOf({ ...LOOK, observed, sessions: [stray] })).toEqual([
      'the secret has the stand-in of a deployment script',
      'AWSPENDING holds a version that cuedot did not write',
      'only an earlier password logs in',
      expect.stringContaining('cron from 10.0.0.9'),
    ])
  })
})

describe('status', () => {
  test('of a target in order needs no attention', () => {
    const status = statusOf(LOOK, CONFIG, NOW)
    expect(status).toMatchObject({ activeSlot: 'B', attention: false, overdue: false, drift: [] })
    expect(stripVTControlCharacters(statusText(status)).split('\n')).toEqual([
      'shop (alternating): in order',
      '  slot A     shop_a, standby, password 1d old',
      '  slot B     shop_b, active, password 10d old, due in 20d',
      '  rotation   none is open',
      '  lock       free',
      '  last       rotated at 2026-01-30T00:00:00Z',
      '  sessions   shop_a: 0, shop_b: 1',
      '  drift      none',
      '  next       nothing to do',
    ])
  })

  test('asks for attention when the active password is too old', () => {
    const status = statusOf(LOOK, { ...CONFIG, maxAgeMs: 9 * DAY }, NOW)
    expect(status).toMatchObject({ overdue: true, attention: true })
    expect(statusText(status)).toContain('overdue by 1d')
  })

  test.each([
    ['held', false],
    ['free', true],
  ] as const)('of an open rotation with the lock %s', (kind, attention) => {
    const lock = kind === 'held' ? { kind, by: 'cuedot alice' } : { kind }
    const store = {
      ...FACTS.store,
      rotation: { id: 'r', from: 'A', to: 'B', heals: false, rehearses: false, urgent: false },
    } as const
    const actions = [{ step: 'drain', slot: 'A', why: 'it is due' }] as const
    const look = seen({ store }, { lock, plan: { actions, end: { kind: 'settled' } } })
    const status = statusOf(look, CONFIG, NOW)
    expect(status.attention).toBe(attention)
    expect(statusText(status)).toContain('A→B is open (r)')
  })

  test('shows a refusal with what to do', () => {
    const end = { kind: 'refused', code: 'ACTIVE_DENIED', why: 'slot B' } as const
    const status = statusOf({ ...LOOK, plan: { actions: [], end } }, CONFIG, NOW)
    expect(status.attention).toBe(true)
    expect(statusText(status)).toContain('(ACTIVE_DENIED: slot B) Put the right password')
  })
})
