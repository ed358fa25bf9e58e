import type { StepName } from './action.ts'
import { backOut } from './back-out.ts'
import { forward } from './forward.ts'
import { runsOnInitial } from './initial.ts'
import type { TwoSlotFacts } from './observed.ts'
import type { Decision, Intent } from './plan.ts'
import type { RefusalCode } from './refusals.ts'
import { SLOTS, other } from './slot.ts'
import type { Slot } from './slot.ts'

/** Decides for a target with two slots, of which one is active and the other stands by. */
export function decideTwoSlots(o: TwoSlotFacts, intent: Intent): Decision {
  const { pending, rotation, stale } = o.store
  if (pending === 'foreign') return refuse('PENDING_FOREIGN', 'AWSPENDING holds another document')
  if (o.configs.some((config) => config.holds === 'foreign'))
    return refuse('CONSUMER_UNKNOWN', `at ${idsHolding(o, 'foreign')}`)
  if (pending !== 'none' && stale)
    return next('rebase', rotation?.to ?? o.store.active, 'the secret was changed meanwhile')
  if (pending === 'heal')
    return next('close', healedSlot(o), 'the staged document has the password that consumers use')
  if (pending === 'undo') return next('close', rotation?.to ?? other(o.store.active), 'backed out')
  if (rotation === undefined) return idle(o, intent)
  if (intent === 'rehearse' && !rotation.rehearses)
    return refuse('ROTATION_OPEN', `rotation ${rotation.id} has to be finished first`)
  return rotation.backOut === undefined && pending !== 'turn'
    ? forward(o, rotation, intent)
    : backOut(o, rotation)
}

/** No rotation is open: remove drift, then start one if that was asked for. */
function idle(o: TwoSlotFacts, intent: Intent): Decision {
  const active = o.store.active
  const standby = other(active)
  if (o.trouble || o.initial?.returned || intent === 'back-out') return { kind: 'settled' }
  if (runsOnInitial(o)) return beforeFirst(o, intent)
  if (o.placeholder[active]) return refuse('PLACEHOLDER', `slot ${active} is active`)
  const lost = lostSlot(o)
  if (lost) return next('heal', lost, 'consumers use a working password that the document lacks')
  const drift = consumerDrift(o)
  if (drift) return drift
  if (!o.login[active].current) return activeDenied(o)
  return o.sessions[standby] > 0 && !o.urgent ? standbyInUse(o, intent) : startOrSettle(o, intent)
}

/** Config targets and document agree, and the database knows another password, or none. */
function activeDenied(o: TwoSlotFacts): Decision {
  const active = o.store.active
  const { locked } = o.login[active]
  const isPlain = o.strategy === 'alternating' && o.store.pending === 'none' && !locked
  if (o.trustsSecret && isPlain && o.sessions[active] === 0)
    return next('reinstate', active, 'it does not log in, and the secret is to be trusted')
  return refuse('ACTIVE_DENIED', `slot ${active}${locked ? ' is locked' : ''}`)
}

/** No slot has ever been in use, so there is no drift: nothing happens until it is asked for. */
function beforeFirst(o: TwoSlotFacts, intent: Intent): Decision {
  if (intent === 'converge') return { kind: 'settled' }
  return o.sessions[other(o.store.active)] > 0 && !o.urgent
    ? standbyInUse(o, intent)
    : startOrSettle(o, intent)
}

function startOrSettle(o: TwoSlotFacts, intent: Intent): Decision {
  const active = o.store.active
  const standby = other(active)
  const starts = intent === 'rotate' || intent === 'rehearse'
  if (o.stray && intent !== 'rehearse')
    return next('reconcile', active, 'the user has a second password that the document lacks')
  if (starts) {
    if (o.stray) return refuse('SECOND_PASSWORD', 'a rotation would have to end it first')
    if (o.standbyUser === 'differs' && o.mayGrant)
      return next('grant', standby, `slot ${standby} lacks privileges of slot ${active}`)
    if (o.standbyUser === 'differs')
      return refuse('PRIVILEGES_DIFFER', `slot ${standby} lacks privileges of slot ${active}`)
    return intent === 'rotate'
      ? next('open', standby, 'a rotation was asked for')
      : next('rehearse', standby, 'a rehearsal was asked for')
  }
  const known = o.login[standby].current || o.placeholder[standby] || o.standbyUser === 'absent'
  if (known) return { kind: 'settled' }
  return next('reconcile', active, `the document does not know the password of slot ${standby}`)
}

function standbyInUse(o: TwoSlotFacts, intent: Intent): Decision {
  const standby = other(o.store.active)
  return intent === 'rotate' || intent === 'rehearse'
    ? refuse('STANDBY_IN_USE', `${o.sessions[standby]} sessions as slot ${standby}`)
    : { kind: 'settled' }
}

function lostSlot(o: TwoSlotFacts): Slot | undefined {
  const inOrder = [o.store.active, other(o.store.active)]
  return inOrder.find((slot) => o.configs.some((config) => config.holds === `lost-${slot}`))
}

function healedSlot(o: TwoSlotFacts): Slot {
  const [healed, ...more] = SLOTS.filter((slot) => o.login[slot].pending && !o.login[slot].current)
  return healed !== undefined && more.length === 0 ? healed : o.store.active
}

/** Consumers that are not all on the active slot are brought together on one that logs in. */
function consumerDrift(o: TwoSlotFacts): Decision | undefined {
  const active = o.store.active
  const standby = other(active)
  if (o.configs.every((config) => config.holds === active)) return undefined
  const allOnStandby = o.configs.every((config) => config.holds === standby)
  const meeting = allOnStandby && o.login[standby].current ? standby : active
  if (o.login[meeting].current)
    return next('reconcile', meeting, `config targets hold ${holdings(o)}, the document ${active}`)
  if (o.login[standby].current)
    return next('reconcile', standby, `slot ${active} does not log in, slot ${standby} does`)
  return refuse('ACTIVE_DENIED', `config targets hold ${holdings(o)}`)
}

function holdings(o: TwoSlotFacts): string {
  return [...new Set(o.configs.map((config) => config.holds))].toSorted().join(', ')
}

function idsHolding(o: TwoSlotFacts, holds: 'foreign'): string {
  return o.configs
    .filter((config) => config.holds === holds)
    .map((config) => config.id)
    .join(', ')
}

function next(step: StepName, slot: Slot, why: string): Decision {
  return { kind: 'next', action: { step, slot, why } }
}

function refuse(code: RefusalCode, why: string): Decision {
  return { kind: 'refused', code, why }
}
