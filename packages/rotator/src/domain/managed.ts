import type { Action, StepName } from './action.ts'
import type { InvariantId } from './invariants.ts'
import type { ManagedFacts } from './managed-facts.ts'
import type { Decision, Intent } from './plan.ts'
import type { RefusalCode } from './refusals.ts'

/**
 * Decides for a credential that its owner alone may change: ask, await.
 *
 * The old password dies the moment the owner sets the new one, so nothing is asked for while
 * somebody else has a session as this user. A request has no token: a second one would be a second
 * rotation. So nothing is asked for while a rotation is under way, nor after this run has asked,
 * and a request that may have arrived is watched before it counts as lost.
 */
export function decideManaged(o: ManagedFacts, intent: Intent): Decision {
  if (o.owner === 'stranger') return refuse('SECRET_NOT_MANAGED', o.says)
  if (o.owner === 'busy') return next('await', `a rotation is under way (${o.says})`)
  if (o.seen && o.owner === 'impaired' && !o.changed)
    return refuse('SECRET_IMPAIRED', 'a rotation has failed')
  if (o.asked !== 'no') return afterAsking(o)
  if (intent === 'rotate' && !o.changed) return start(o)
  if (intent === 'rehearse') return refuse('NOT_REHEARSABLE', 'its owner makes one password')
  return o.login.current
    ? { kind: 'settled' }
    : refuse('MANAGED_DENIED', `the owner says ${o.says}`)
}

/** The owner is at rest again, or has not begun. */
function afterAsking(o: ManagedFacts): Decision {
  if (o.changed && o.login.current) return { kind: 'settled' }
  if (o.changed) return next('await', 'the new password is not accepted everywhere yet')
  return next(
    'await',
    o.asked === 'maybe'
      ? 'whether the request has arrived will show'
      : 'the secret has no new version yet',
  )
}

/** An impaired secret stays so until a rotation succeeds: asking is what mends it. */
function start(o: ManagedFacts): Decision {
  if (o.sessions > 0) return refuse('ADMIN_IN_USE', `${o.sessions} sessions that are not ours`)
  if (!o.login.current)
    return next('ask', 'the password of the secret does not log in; the owner sets a new one')
  const why = o.owner === 'impaired' ? ', and only that ends the state impaired' : ''
  return next('ask', `a rotation was asked for${why}`)
}

/** What the facts should be once an action has taken effect. */
export function predictManaged(o: ManagedFacts, action: Action): ManagedFacts {
  switch (action.step) {
    case 'ask':
      return { ...o, asked: 'yes', seen: true, owner: 'busy', says: 'rotating' }
    case 'await':
      return { ...o, owner: 'ready', says: 'active', changed: true, login: { current: true } }
    default:
      return o
  }
}

/** A rotation that is under way or was asked for uses up the wish to start one. */
export function narrowManaged(intent: Intent, o: ManagedFacts): Intent {
  const begun = o.owner === 'busy' || o.seen || o.asked === 'yes'
  return begun && intent === 'rotate' ? 'converge' : intent
}

/** The invariant that this action would break, or undefined. See `brokenBy`. */
export function managedBreaks(o: ManagedFacts, action: Action): InvariantId | undefined {
  switch (action.step) {
    case 'await':
      return undefined
    case 'ask':
      if (o.sessions > 0) return 'I1'
      return isAtRest(o) ? undefined : 'I4'
    default:
      // Whatever else changes a password or a version: the owner would not know it.
      return 'I2'
  }
}

/** No rotation is under way, none was asked for, and none has ended while this run looked. */
function isAtRest({ owner, asked, changed }: ManagedFacts): boolean {
  return (owner === 'ready' || owner === 'impaired') && asked === 'no' && !changed
}

function next(step: StepName, why: string): Decision {
  return { kind: 'next', action: { step, slot: 'user', why } }
}

function refuse(code: RefusalCode, why: string): Decision {
  return { kind: 'refused', code, why }
}
