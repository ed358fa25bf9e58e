import type { StepName } from './action.ts'
import { converge, inUse, isHeld } from './converge.ts'
import { canReturn, isFirst } from './initial.ts'
import type { TwoSlotFacts, RotationFacts } from './observed.ts'
import type { Decision, Intent } from './plan.ts'
import type { Slot } from './slot.ts'

/** An open rotation that goes on, or that is about to turn. */
export function forward(o: TwoSlotFacts, r: RotationFacts, intent: Intent): Decision {
  if (o.store.pending === 'open') return beforeFlip(o, r, intent)
  return o.store.active === r.to ? afterFlip(o, r, intent) : refuseInconsistent()
}

function beforeFlip(o: TwoSlotFacts, r: RotationFacts, intent: Intent): Decision {
  const { to } = r
  if (!r.heals && to === o.store.active) return refuseInconsistent()
  if (intent === 'back-out') return next('undo', to, 'asked to back out')
  if (o.trouble) return next('undo', to, `${o.trouble.step} failed: ${o.trouble.code}`)
  if (r.heals)
    return o.login[to].pending
      ? next('flip', to, `slot ${to} logs in`)
      : next('undo', to, `slot ${to} no longer logs in`)
  if (o.standbyUser === 'absent' || o.standbyUser === 'partial')
    return next('provision', to, `the user of slot ${to} cannot do what the active one can`)
  if (o.standbyUser === 'differs' && o.mayGrant)
    return next('grant', to, `the user of slot ${to} lacks privileges of the active one`)
  if (o.standbyUser === 'differs')
    return next('undo', to, `the user of slot ${to} lacks privileges of the active one`)
  if (o.expires[to]) return next('release', to, 'its account would expire in use')
  if (o.login[to].pending) return proven(o, r)
  if (o.urgent ? isHeld(o, to) : inUse(o, to))
    return next('undo', to, `somebody has begun to use slot ${to}`)
  return next('set', to, 'the database does not accept the staged password yet')
}

/** The staged password logs in everywhere. */
function proven(o: TwoSlotFacts, { to, rehearses }: RotationFacts): Decision {
  if (rehearses) return next('undo', to, 'everything but the flip was rehearsed')
  if (o.urgent && o.sessions[to] > 0 && !isHeld(o, to))
    return next('evict', to, `the sessions on slot ${to} began with another password`)
  return next('flip', to, `slot ${to} logs in with the staged password`)
}

function afterFlip(o: TwoSlotFacts, r: RotationFacts, intent: Intent): Decision {
  const { from, to } = r
  const failed = o.runtimes.find((runtime) => runtime.roll === 'failed')
  const turnBecause = reasonToTurn(o, to, intent, failed?.id)
  if (turnBecause !== undefined) return turn(o, r, turnBecause)
  const lag = converge(o, to)
  if (lag) return lag
  if (retired(o, from))
    return o.urgent && o.sessions[from] > 0
      ? next('evict', from, `the sessions on slot ${from} began with the old password`)
      : next('close', from, `the old password of slot ${from} is dead`)
  if (o.standbyUser === 'absent')
    return next('provision', from, `there is no user of slot ${from} yet`)
  const staged = o.store.pending === 'retire'
  if (!o.urgent && (o.sessions[from] > 0 || !o.quiet[from])) {
    if (o.expiry && !o.expires[from] && !staged)
      return next('expire', from, 'it must not outlive a rotation that nobody finishes')
    return next('drain', from, `nobody may be on slot ${from} when its password changes`)
  }
  if (o.expires[from]) return next('release', from, 'its next password must not expire')
  if (o.quarantine && !o.urgent && !o.quarantined && !staged)
    return next('quarantine', from, 'the target asks for a quarantine')
  return staged
    ? next('retire', from, `slot ${from} still accepts its old password`)
    : next('stage', from, `nobody uses slot ${from} any more`)
}

function turn(o: TwoSlotFacts, r: RotationFacts, why: string): Decision {
  const { from } = r
  if (isFirst(r) && canReturn(o, r)) return next('turn', 'initial', why)
  if (!isFirst(r) && (o.login[from].locked || o.expires[from])) return next('release', from, why)
  if (!isFirst(r) && canTurn(o, from)) return next('turn', from, why)
  return { kind: 'refused', code: 'BACK_OUT_IMPOSSIBLE', why }
}

function retired(o: TwoSlotFacts, from: Slot): boolean {
  return o.store.pending === 'retire' && o.login[from].pending && !o.login[from].locked
}

/** Back out only while the old slot's password, as consumers knew it, still works. */
function canTurn(o: TwoSlotFacts, from: Slot): boolean {
  return o.login[from].current
}

function reasonToTurn(
  o: TwoSlotFacts,
  to: Slot,
  intent: Intent,
  failed: string | undefined,
): string | undefined {
  if (intent === 'back-out') return 'asked to back out'
  if (!o.login[to].current) return `slot ${to} does not log in`
  if (failed !== undefined) return `${failed} does not come up on the new credential`
  return o.trouble ? `${o.trouble.step} failed: ${o.trouble.code}` : undefined
}

function refuseInconsistent(): Decision {
  return {
    kind: 'refused',
    code: 'DOCUMENT_INCONSISTENT',
    why: 'the active slot and the record of the rotation contradict each other',
  }
}

function next(step: StepName, slot: Slot | 'initial', why: string): Decision {
  return { kind: 'next', action: { step, slot, why } }
}
