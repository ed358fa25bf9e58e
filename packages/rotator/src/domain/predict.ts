import type { Action } from './action.ts'
import type {
  TwoSlotFacts,
  Holding,
  LoginFacts,
  Observed,
  PendingKind,
  SingleUserFacts,
} from './observed.ts'
import { homeOf } from './initial.ts'
import { predictManaged } from './managed.ts'
import { other } from './slot.ts'
import type { Slot } from './slot.ts'

/**
 * What the facts should be once an action has taken effect. Powers `plan`, and tells a run which
 * facts an action may have changed.
 */
export function predict(observed: Observed, action: Action): Observed {
  if (observed.strategy === 'managed') return predictManaged(observed, action)
  if (observed.strategy === 'single-user') return predictSingleUser(observed, action)
  if (action.slot === 'initial') return predictReturn(observed, action)
  const slot = action.slot === 'user' ? observed.store.active : action.slot
  return predictTwoSlots(observed, action, slot)
}

function predictTwoSlots(o: TwoSlotFacts, action: Action, slot: Slot): TwoSlotFacts {
  switch (action.step) {
    case 'open':
      return staged(withRotation(o, slot, {}), 'open', slot)
    case 'rehearse':
      return staged(withRotation(o, slot, { rehearses: true }), 'open', slot)
    case 'reconcile':
      return staged(withRotation(o, slot, { heals: true }), 'open')
    case 'heal':
      return withLogin(staged(o, 'heal'), slot, { pending: true })
    case 'stage':
      return staged(o, 'retire', slot)
    case 'turn':
      return staged(o, 'turn')
    case 'undo':
      return withLogin(staged(o, 'undo'), slot, { pending: accepts(o.login[slot]) })
    case 'rebase':
      return { ...o, store: { ...o.store, stale: false } }
    case 'flip':
      return flipped(o, slot)
    case 'close':
      return closed(o)
    case 'drain':
      return { ...o, sessions: { ...o.sessions, [slot]: 0 }, quiet: { ...o.quiet, [slot]: true } }
    default:
      return predictOutside(o, action, slot)
  }
}

/** What leads consumers back to the initial user. */
function predictReturn(o: TwoSlotFacts, action: Action): TwoSlotFacts {
  const { rotation, active } = o.store
  switch (action.step) {
    case 'turn':
      return staged(o, 'turn')
    case 'flip': {
      const initial = o.initial && { initial: { ...o.initial, returned: true } }
      return { ...flipped(o, rotation ? homeOf(rotation) : active), ...initial }
    }
    case 'publish':
      return published(o, action, 'initial')
    case 'roll':
      return rolled(o, action)
    default:
      return o
  }
}

/** The actions whose effect is not in the store. */
function predictOutside(o: TwoSlotFacts, action: Action, slot: Slot): TwoSlotFacts {
  switch (action.step) {
    case 'provision':
    case 'grant':
      return { ...o, standbyUser: 'equal' }
    case 'reinstate':
      return withLogin(o, slot, { current: true })
    case 'set':
    case 'retire':
      return withLogin(o, slot, { current: false, pending: true, locked: false })
    case 'evict':
      return { ...o, sessions: { ...o.sessions, [slot]: 0 } }
    case 'quarantine':
      return {
        ...withLogin(o, slot, { current: false, pending: false, locked: true }),
        quarantined: true,
      }
    case 'expire':
      return { ...o, expires: { ...o.expires, [slot]: true } }
    case 'release':
      return released(o, slot)
    case 'publish':
      return published(o, action, slot)
    case 'roll': {
      const sessions = { ...o.sessions, [slot]: Math.max(1, o.sessions[slot]) }
      return { ...rolled(o, action), sessions }
    }
    default:
      return o
  }
}

function published(o: TwoSlotFacts, { where }: Action, holds: Holding): TwoSlotFacts {
  return { ...o, configs: o.configs.map((c) => (c.id === where ? { ...c, holds } : c)) }
}

function rolled(o: TwoSlotFacts, { where }: Action): TwoSlotFacts {
  const runtimes = o.runtimes.map((r) => (r.id === where ? { id: r.id, roll: 'done' as const } : r))
  return { ...o, runtimes }
}

/** An account that is open again lets in whom it let in before, and what was staged stays so. */
function released(o: TwoSlotFacts, slot: Slot): TwoSlotFacts {
  const expires = { ...o.expires, [slot]: false }
  const isStaged = o.store.pending !== 'none' && o.store.rotation?.to === slot
  const locked = { locked: false, ...(!isStaged && { current: true }) }
  return { ...withLogin(o, slot, locked), expires }
}

function accepts(login: LoginFacts): boolean {
  return login.current || login.pending
}

function withLogin(o: TwoSlotFacts, slot: Slot, facts: Partial<LoginFacts>): TwoSlotFacts {
  return { ...o, login: { ...o.login, [slot]: { ...o.login[slot], ...facts } } }
}

/** A pending version whose passwords are the current ones, but for a fresh one. */
function staged(o: TwoSlotFacts, pending: PendingKind, fresh?: Slot): TwoSlotFacts {
  const same = (slot: Slot): LoginFacts => ({
    ...o.login[slot],
    pending: slot !== fresh && o.login[slot].current,
  })
  const store = { ...o.store, pending, stale: false }
  return { ...o, store, login: { A: same('A'), B: same('B') } }
}

function withRotation(
  o: TwoSlotFacts,
  to: Slot,
  kind: { readonly heals?: boolean; readonly rehearses?: boolean },
): TwoSlotFacts {
  const { heals = false, rehearses = false } = kind
  const initial = o.configs.filter(({ holds }) => holds === 'initial').map(({ id }) => id)
  const rotation = {
    ...{ id: 'planned', from: other(to), to, heals, rehearses, urgent: o.urgent },
    ...(initial.length > 0 && { initial }),
  }
  return { ...o, store: { ...o.store, rotation } }
}

/** The pending version has become the current one. */
function promoted(o: TwoSlotFacts): TwoSlotFacts {
  const now = (slot: Slot): LoginFacts => ({
    current: o.login[slot].pending,
    pending: false,
    locked: o.login[slot].locked,
  })
  return {
    ...o,
    login: { A: now('A'), B: now('B') },
    placeholder: {
      A: o.placeholder.A && !o.login.A.pending,
      B: o.placeholder.B && !o.login.B.pending,
    },
  }
}

function flipped(o: TwoSlotFacts, slot: Slot): TwoSlotFacts {
  const { rotation, pending } = o.store
  const record = rotation && pending === 'turn' ? { ...rotation, backOut: 'turned' } : rotation
  // From now on the user of the other slot is the one that is compared.
  const born = slot !== o.store.active && o.initial?.activeAbsent === true
  return {
    ...promoted(o),
    ...(born && { standbyUser: 'absent' as const, initial: { ...o.initial, activeAbsent: false } }),
    store: { active: slot, pending: 'none', stale: false, ...(record && { rotation: record }) },
    runtimes: o.runtimes.map(({ id }) => ({ id, roll: 'due' as const })),
    quarantined: false,
    quiet: { A: false, B: false },
  }
}

function closed(o: TwoSlotFacts): TwoSlotFacts {
  const { active, pending } = o.store
  const found = { 'lost-A': 'A', 'lost-B': 'B' } as const
  const learnt = (holds: Holding): Holding =>
    pending === 'heal' && (holds === 'lost-A' || holds === 'lost-B') ? found[holds] : holds
  return {
    ...promoted(o),
    store: { active, pending: 'none', stale: false },
    stray: o.stray && pending !== 'retire',
    configs: o.configs.map((config) => ({ ...config, holds: learnt(config.holds) })),
  }
}

function predictSingleUser(o: SingleUserFacts, action: Action): SingleUserFacts {
  switch (action.step) {
    case 'open':
      return {
        ...o,
        pending: 'open',
        pendingUrgent: o.urgent,
        stale: false,
        login: { ...o.login, pending: false },
      }
    case 'set':
      return { ...o, login: { current: false, pending: true, previous: false } }
    case 'undo':
      return { ...o, pending: 'undo', stale: false, login: { ...o.login, pending: true } }
    case 'rebase':
      return { ...o, stale: false }
    case 'evict':
      return { ...o, sessions: 0 }
    case 'flip':
    case 'close':
      return { ...o, pending: 'none', login: { current: true, pending: false, previous: false } }
    default:
      return o
  }
}
