import type {
  TwoSlotFacts,
  Holding,
  LoginFacts,
  PendingKind,
  RotationFacts,
  SingleUserFacts,
} from '../../../rotator/src/domain/observed.ts'
import type { Intent } from '../../../rotator/src/domain/plan.ts'
import type { Slot } from '../../../rotator/src/domain/slot.ts'

/** Both slots. */
export const SLOTS: readonly Slot[] = ['A', 'B']
/** Both answers. */
export const BOOLEANS: readonly boolean[] = [false, true]

export const INTENTS: readonly Intent[] = ['rotate', 'rehearse', 'converge', 'back-out']

/** Everything that a pending version may be. */
export const PENDING: readonly PendingKind[] = [
  'none',
  'open',
  'turn',
  'undo',
  'retire',
  'heal',
  'foreign',
]

const ROTATIONS: readonly (RotationFacts | undefined)[] = [
  undefined,
  ...SLOTS.flatMap((from) => {
    const to: Slot = from === 'A' ? 'B' : 'A'
    const plain = { id: 'r', from, to, heals: false, rehearses: false, urgent: false }
    return [
      plain,
      { ...plain, heals: true },
      { ...plain, rehearses: true },
      { ...plain, backOut: 'why' },
    ]
  }),
]

/** Everything that a user may accept. */
export const LOGINS: readonly LoginFacts[] = [
  { current: true, pending: true, locked: false },
  { current: true, pending: false, locked: false },
  { current: false, pending: true, locked: false },
  { current: false, pending: false, locked: false },
  { current: false, pending: false, locked: true },
]

const HOLDINGS: readonly Holding[] = ['A', 'B', 'lost-A', 'lost-B', 'foreign', 'dead']
const ROLLS = ['due', 'done', 'failed'] as const
/** Every way in which the standby user may compare. */
export const USERS = ['absent', 'partial', 'equal', 'differs'] as const

/**
 * Every combination of facts that the domain tells apart, reachable or not: one config target next
 * to one that is in order, one runtime, sessions and quiet windows as present or absent.
 */
export function* twoSlotStates(): Generator<TwoSlotFacts> {
  for (const [store, login] of product(storeStates(), loginPairs()))
    for (const consumers of consumerStates(store.active))
      yield { ...BASE, store, login, ...consumers }
}

const BASE = {
  strategy: 'alternating',
  placeholder: { A: false, B: false },
  expires: { A: false, B: false },
  expiry: false,
  mayGrant: false,
  trustsSecret: false,
} as const

function storeStates(): readonly TwoSlotFacts['store'][] {
  return SLOTS.flatMap((active) =>
    PENDING.flatMap((pending) =>
      ROTATIONS.flatMap((rotation) =>
        (pending === 'none' || pending === 'foreign' ? [false] : BOOLEANS).map((stale) => ({
          active,
          pending,
          stale,
          ...(rotation && { rotation }),
        })),
      ),
    ),
  )
}

function loginPairs(): readonly TwoSlotFacts['login'][] {
  return LOGINS.flatMap((a) => LOGINS.map((b) => ({ A: a, B: b })))
}

type Consumers = Pick<
  TwoSlotFacts,
  | 'configs'
  | 'runtimes'
  | 'sessions'
  | 'quiet'
  | 'standbyUser'
  | 'trouble'
  | 'quarantine'
  | 'quarantined'
  | 'stray'
  | 'urgent'
>

/** Holdings vary with quiet runtimes; runtimes, sessions and users vary with one holding each. */
function* consumerStates(active: Slot): Generator<Consumers & Partial<TwoSlotFacts>> {
  const other: Slot = active === 'A' ? 'B' : 'A'
  for (const holds of HOLDINGS) {
    for (const [roll, crowd] of product(ROLLS, CROWDS)) {
      if (holds !== active && holds !== other && roll === 'failed') continue
      for (const standbyUser of USERS) yield { ...crowd, standbyUser, ...held(holds, active, roll) }
    }
  }
  const trouble = { step: 'publish', code: 'ERR_TARGET_UNWRITABLE' }
  for (const [holds, quarantine] of product(HOLDINGS, BOOLEANS)) {
    const consumers = { ...CALM, standbyUser: 'equal', ...held(holds, active, 'done') } as const
    yield { ...consumers, trouble, quarantine }
    yield { ...consumers, quarantine, quarantined: true }
    yield { ...consumers, standbyUser: 'differs', quarantine, mayGrant: true }
  }
  for (const [holds, [roll, crowd]] of product(HOLDINGS, product(ROLLS, CROWDS))) {
    const consumers = { ...crowd, standbyUser: 'equal', ...held(holds, active, roll) } as const
    yield { ...consumers, stray: true }
    yield { ...consumers, expiry: true }
    yield { ...consumers, expires: { A: true, B: false } }
    yield { ...consumers, expires: { A: false, B: true } }
    yield { ...consumers, urgent: true }
    yield { ...consumers, trustsSecret: true }
  }
}

function held(
  holds: Holding,
  active: Slot,
  roll: (typeof ROLLS)[number],
): Pick<Consumers, 'configs' | 'runtimes' | 'quarantine' | 'quarantined' | 'stray' | 'urgent'> {
  return {
    configs: [
      { id: 'web', holds: active },
      { id: 'job', holds },
    ],
    runtimes: [{ id: 'workers', roll }],
    quarantine: false,
    quarantined: false,
    stray: false,
    urgent: false,
  }
}

type Crowd = Pick<Consumers, 'sessions' | 'quiet'>

/** Nobody is on a slot, and nobody was while it was watched. */
export const CALM: Crowd = { sessions: { A: 0, B: 0 }, quiet: { A: true, B: true } }

/** Who may be on the slots, and what is known of it. */
export const CROWDS: readonly Crowd[] = [
  CALM,
  { sessions: { A: 1, B: 0 }, quiet: { A: false, B: true } },
  { sessions: { A: 0, B: 1 }, quiet: { A: true, B: false } },
  { sessions: { A: 1, B: 1 }, quiet: { A: false, B: false } },
  { sessions: { A: 0, B: 0 }, quiet: { A: false, B: false } },
]

/** Every combination of facts of a single-user target. */
export function* singleUserStates(): Generator<SingleUserFacts> {
  const pendings = ['none', 'open', 'undo', 'foreign'] as const
  const logins = product(BOOLEANS, product(BOOLEANS, BOOLEANS))
  const troubles = [undefined, { step: 'set', code: 'ERR_DB_DENIED' }]
  const kinds = product(product(pendings, logins), product(BOOLEANS, BOOLEANS))
  for (const [[pending, [current, [staged, previous]]], [urgent, pendingUrgent]] of kinds) {
    for (const [stale, [placeholder, [sessions, [trouble, owner]]]] of product(
      BOOLEANS,
      product(BOOLEANS, product([0, 2], product(troubles, [undefined, 'rds']))),
    )) {
      const login = { current, pending: staged, previous }
      yield {
        strategy: 'single-user',
        pending,
        stale,
        login,
        placeholder,
        sessions,
        urgent,
        pendingUrgent,
        ...(trouble && { trouble }),
        ...(owner !== undefined && { owner }),
      }
    }
  }
}

/** Every pair. */
export function product<A, B>(
  first: Iterable<A>,
  second: Iterable<B>,
): readonly (readonly [A, B])[] {
  const others = [...second]
  return [...first].flatMap((a) => others.map((b) => [a, b] as const))
}

/** The same facts with the letters of the slots swapped. */
export function swapSlots(facts: TwoSlotFacts): TwoSlotFacts {
  const swap = (slot: Slot): Slot => (slot === 'A' ? 'B' : 'A')
  const pair = <T>({ A, B }: Readonly<Record<Slot, T>>): Record<Slot, T> => ({ A: B, B: A })
  const { store } = facts
  const rotation = store.rotation && {
    ...store.rotation,
    from: swap(store.rotation.from),
    to: swap(store.rotation.to),
  }
  return {
    ...facts,
    store: { ...store, active: swap(store.active), ...(rotation && { rotation }) },
    login: pair(facts.login),
    expires: pair(facts.expires),
    placeholder: pair(facts.placeholder),
    sessions: pair(facts.sessions),
    quiet: pair(facts.quiet),
    configs: facts.configs.map(({ id, holds }) => ({ id, holds: SWAPPED[holds] })),
  }
}

const SWAPPED: Readonly<Record<Holding, Holding>> = {
  A: 'B',
  B: 'A',
  'lost-A': 'lost-B',
  'lost-B': 'lost-A',
  initial: 'initial',
  foreign: 'foreign',
  dead: 'dead',
}
