import type { Action } from './action.ts'
import { managedBreaks } from './managed.ts'
import type { TwoSlotFacts, Observed, SingleUserFacts } from './observed.ts'
import type { Slot } from './slot.ts'

/** `docs/guarantees.md` explains each. */
export type InvariantId = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6'

/** What must hold for every action, whatever led to it.*/
export const INVARIANTS: Readonly<Record<InvariantId, string>> = {
  I1: 'No credential that a consumer may still use is changed.',
  I2: 'The store knows every live password.',
  I3:
    'The flip goes only to a slot that logs in everywhere with at least the privileges of the ' +
    'active one.',
  I4: 'At most one rotation of a target is open; it is finished or backed out, never doubled.',
  I5: 'From any reachable state a healed world settles within a bounded number of actions.',
  I6: 'No secret leaves Sensitive but inside adapters and drivers.',
}

/**
 * The invariant that this action would break on these facts, or undefined.
 *
 * `decide` must never ask for such an action; this is the second, independent look before each
 * effect, in tests and in production. It stops a run instead of letting a bug act.
 */
export function brokenBy(observed: Observed, action: Action): InvariantId | undefined {
  if (observed.strategy === 'managed') return managedBreaks(observed, action)
  return observed.strategy === 'single-user'
    ? singleUser(observed, action)
    : alternating(observed, action)
}

/**
 * @throws when the action would break an invariant: a bug, and the run stops with nothing undone.
 */
export function assertSafe(observed: Observed, action: Action): void {
  const id = brokenBy(observed, action)
  if (id === undefined) return
  throw new Error(`${id}: ${action.step} of slot ${action.slot} (${action.why}): ${INVARIANTS[id]}`)
}

function alternating(o: TwoSlotFacts, action: Action): InvariantId | undefined {
  const { slot, step } = action
  if (slot === 'user') return 'I4'
  if (slot === 'initial') return returnBreaks(o, action)
  switch (step) {
    case 'set':
      return setBreaks(o, slot)
    case 'retire':
      return retireBreaks(o, slot)
    case 'reinstate':
      return reinstateBreaks(o, slot)
    case 'quarantine':
      return isUsed(o, slot) || slot === o.store.active ? 'I1' : undefined
    case 'flip':
      return flipBreaks(o, slot)
    case 'open':
    case 'rehearse':
    case 'reconcile':
      return o.store.rotation ? 'I4' : undefined
    case 'turn':
      return turnBreaks(o, slot)
    case 'evict':
      return evictBreaks(o, slot)
    case 'expire':
      return slot === o.store.active || isHeld(o, slot) ? 'I1' : undefined
    case 'publish':
      return o.login[slot].current && slot === o.store.active ? undefined : 'I3'
    default:
      return undefined
  }
}

/**
 * The initial user is only ever led to: by a rotation that has found consumers there and that turns
 * back, and only while it logs in. Nothing about the user itself may change.
 */
function returnBreaks(o: TwoSlotFacts, { step, where }: Action): InvariantId | undefined {
  const { rotation, pending } = o.store
  if (rotation?.initial === undefined || o.initial?.logsIn !== true) return 'I1'
  const turned = rotation.backOut !== undefined
  switch (step) {
    case 'turn':
      if (turned || pending === 'open') return 'I4'
      return losesPassword(o, rotation.from) ? 'I2' : undefined
    case 'flip':
      return pending === 'turn' ? undefined : 'I3'
    case 'publish':
      // A slot that goes on working has not been on the initial user, and is not let in there.
      return turned && (!rotation.heals || rotation.initial.some((id) => id === where))
        ? undefined
        : 'I1'
    case 'roll':
      return turned ? undefined : 'I1'
    default:
      return 'I1'
  }
}

/** Consumers are led back to where they came from. */
function turnBreaks(o: TwoSlotFacts, slot: Slot): InvariantId | undefined {
  if (o.store.rotation?.initial !== undefined) return 'I1'
  if (losesPassword(o, slot)) return 'I2'
  return o.login[slot].current ? undefined : 'I3'
}

/** What is staged for the old slot may be in force, and stands in no other version. */
function losesPassword(o: TwoSlotFacts, old: Slot): boolean {
  return o.store.pending === 'retire' && !o.login[old].current
}

function setBreaks(o: TwoSlotFacts, slot: Slot): InvariantId | undefined {
  if (o.store.pending !== 'open' || o.store.stale) return 'I2'
  const standsBy = slot === o.store.rotation?.to && slot !== o.store.active
  return standsBy && !o.store.rotation.heals && !isUsed(o, slot) ? undefined : 'I1'
}

/** Only where nobody is known to hold a password that works, and on the operator's word. */
function reinstateBreaks(o: TwoSlotFacts, slot: Slot): InvariantId | undefined {
  if (o.store.rotation || o.store.pending !== 'none') return 'I4'
  const { current, locked } = o.login[slot]
  const held = o.configs.some(({ holds }) => holds === `lost-${slot}`)
  const unused = !current && !locked && !held && o.sessions[slot] === 0
  const hasOnePassword = o.strategy === 'alternating'
  return o.trustsSecret && hasOnePassword && unused && slot === o.store.active ? undefined : 'I1'
}

function retireBreaks(o: TwoSlotFacts, slot: Slot): InvariantId | undefined {
  if (o.store.pending !== 'retire' || o.store.stale) return 'I2'
  const old = slot === o.store.rotation?.from && slot !== o.store.active
  const rolled = o.runtimes.every((runtime) => runtime.roll === 'done')
  const left = o.urgent || o.quiet[slot]
  return old && rolled && left && !isUsed(o, slot) ? undefined : 'I1'
}

/** Only sessions that began with a password which is no longer accepted are ended. */
function evictBreaks(o: TwoSlotFacts, slot: Slot): InvariantId | undefined {
  const replaced = o.login[slot].pending && slot !== o.store.active
  return o.urgent && replaced && !isUsed(o, slot) ? undefined : 'I1'
}

function flipBreaks(o: TwoSlotFacts, slot: Slot): InvariantId | undefined {
  if (!o.login[slot].pending) return 'I3'
  const fresh = o.store.pending === 'open' && o.store.rotation?.heals !== true
  return fresh && o.standbyUser !== 'equal' ? 'I3' : undefined
}

/** An urgent run ends sessions; what consumers are told to use it leaves alone, too. */
function isUsed(o: TwoSlotFacts, slot: Slot): boolean {
  return isHeld(o, slot) || (o.sessions[slot] > 0 && !o.urgent)
}

function isHeld(o: TwoSlotFacts, slot: Slot): boolean {
  return o.configs.some(({ holds }) => holds === slot || holds === `lost-${slot}`)
}

function singleUser(o: SingleUserFacts, action: Action): InvariantId | undefined {
  if (o.owner !== undefined) return 'I2'
  switch (action.step) {
    case 'set':
      if (o.pending !== 'open' || o.stale) return 'I2'
      return o.sessions > 0 && !o.urgent ? 'I1' : undefined
    case 'evict':
      return o.urgent && o.pending === 'none' && o.login.current ? undefined : 'I1'
    case 'flip':
      return o.login.pending ? undefined : 'I3'
    case 'open':
      return o.pending === 'none' ? undefined : 'I4'
    default:
      return undefined
  }
}
