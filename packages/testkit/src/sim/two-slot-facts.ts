import { decide } from '../../../rotator/src/domain/decide.ts'
import type {
  Holding,
  LoginFacts,
  RotationFacts,
  RuntimeFacts,
  StoreFacts,
  TwoSlotFacts,
} from '../../../rotator/src/domain/observed.ts'
import type { Decision, Intent } from '../../../rotator/src/domain/plan.ts'

export type Facts = Partial<TwoSlotFacts>

export const ACCEPTED: LoginFacts = { current: true, pending: false, locked: false }
export const BOTH: LoginFacts = { ...ACCEPTED, pending: true }
export const STAGED: LoginFacts = { current: false, pending: true, locked: false }
export const DENIED: LoginFacts = { current: false, pending: false, locked: false }
export const LOCKED: LoginFacts = { ...DENIED, locked: true }

export const REST: TwoSlotFacts = {
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
  trustsSecret: false,
  quarantine: false,
  quarantined: false,
  stray: false,
  urgent: false,
}

export const NEW: RotationFacts = {
  id: 'r7',
  from: 'A',
  to: 'B',
  heals: false,
  rehearses: false,
  urgent: false,
}

export const TROUBLE = { step: 'publish', code: 'ERR_TARGET_UNWRITABLE' }

/** B is staged, and everybody is on A. */
export const OPENED: Partial<StoreFacts> = { pending: 'open', rotation: NEW }
export const OPEN: Facts = store(OPENED)

/** B is active and everybody is there; nobody is left on A. */
export const FLIPPED: Facts = {
  ...store({ active: 'B', rotation: NEW }),
  configs: [{ id: 'web', holds: 'B' }],
  sessions: { A: 0, B: 1 },
  quiet: { A: true, B: false },
}

/** The same, with the closing version staged. */
export const CLOSING: Facts = {
  ...FLIPPED,
  ...store({ active: 'B', rotation: NEW, pending: 'retire' }),
}

/** The old slot has its fresh password. */
export const RETIRED: Facts = { ...CLOSING, ...login(STAGED, ACCEPTED) }

/** The staged password logs in, and what is in force has leaked. */
export const LEAKED: Facts = { ...OPEN, ...login(ACCEPTED, STAGED), urgent: true }

/** Nobody knows the password of the standby slot. */
export const UNKNOWN: Facts = login(ACCEPTED, DENIED)

/** Everybody is back on A. */
export const BACK: Partial<StoreFacts> = { rotation: { ...NEW, backOut: 'asked to back out' } }
export const TURNED: Facts = store(BACK)

export function store(facts: Partial<StoreFacts>): Pick<TwoSlotFacts, 'store'> {
  return { store: { ...REST.store, ...facts } }
}

export function login(A: LoginFacts, B: LoginFacts): Pick<TwoSlotFacts, 'login'> {
  return { login: { A, B } }
}

export function holding(...holds: readonly Holding[]): Facts {
  return { configs: holds.map((one, n) => ({ id: n === 0 ? 'web' : 'job', holds: one })) }
}

export function crowd(A: number, B: number): Facts {
  return { sessions: { A, B } }
}

export function rolls(roll: RuntimeFacts['roll']): Facts {
  return { runtimes: [{ id: 'workers', roll }] }
}

export function turning(): Facts {
  return store({ active: 'B', pending: 'turn', rotation: NEW })
}

export function rehearsed(): Facts {
  return store({ pending: 'open', rotation: { ...NEW, rehearses: true } })
}

export function meeting(): Facts {
  return store({ pending: 'open', rotation: { ...NEW, heals: true } })
}

/** What is decided when these facts differ from those of a target in order. */
export function decided(facts: Facts, intent: Intent = 'rotate'): Decision {
  return decide({ ...REST, ...facts }, intent)
}

/** An action as `publish B web`, the code of a refusal, or `settled`. */
export function said(decision: Decision): string {
  if (decision.kind !== 'next') return decision.kind === 'refused' ? decision.code : decision.kind
  const { step, slot, where } = decision.action
  return where === undefined ? `${step} ${slot}` : `${step} ${slot} ${where}`
}

/** Why; of what is settled nothing. */
export function reason(facts: Facts, intent: Intent = 'rotate'): string {
  const decision = decided(facts, intent)
  if (decision.kind === 'settled') return ''
  return decision.kind === 'next' ? decision.action.why : decision.why
}

/** What is so, in which facts, and what is said then; without an intent to `rotate`. */
export type Row = readonly [string, Facts, string, Intent?]
