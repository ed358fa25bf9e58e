import type { StepName } from './action.ts'
import type { SingleUserFacts } from './observed.ts'
import type { Decision, Intent } from './plan.ts'
import type { RefusalCode } from './refusals.ts'

/**
 * Decides for a target with one user, such as the admin: stage, set, flip.
 *
 * One user has one password, so there is a moment when only the new one works. That is safe only
 * when nobody but the rotator logs in as this user, and it is refused otherwise.
 */
export function decideSingleUser(o: SingleUserFacts, intent: Intent): Decision {
  if (o.owner !== undefined) return refuse('SECRET_IS_MANAGED', `its owner is ${o.owner}`)
  if (o.pending === 'foreign') return refuse('PENDING_FOREIGN', 'AWSPENDING holds another document')
  if (o.pending === 'none') return idle(o, intent)
  if (o.stale) return next('rebase', 'the secret was changed after the password was staged')
  if (o.pending === 'undo') return next('close', 'the staged password was given up')
  if (o.login.pending) return next('flip', 'the database accepts the staged password')
  if (intent === 'back-out' || o.trouble)
    return next('undo', o.trouble ? `${o.trouble.step}: ${o.trouble.code}` : 'asked to back out')
  if (!o.login.current && !o.login.previous)
    return refuse('ADMIN_LOST', 'neither the current, the staged nor the previous password logs in')
  if (o.sessions > 0 && !o.urgent) return next('undo', 'somebody else has begun to use this user')
  return next('set', 'the database does not accept the staged password yet')
}

function idle(o: SingleUserFacts, intent: Intent): Decision {
  if (o.placeholder) return refuse('PLACEHOLDER', 'the secret holds a stand-in')
  if (!o.login.current && !o.login.previous)
    return refuse('ADMIN_LOST', 'neither the current nor the previous password logs in')
  if (o.trouble) return { kind: 'settled' }
  if (intent === 'rehearse') return refuse('NOT_REHEARSABLE', 'one user has one password')
  if (intent !== 'rotate' && o.login.current)
    return o.urgent && o.sessions > 0
      ? next('evict', 'these sessions began with the old password')
      : { kind: 'settled' }
  if (o.sessions > 0 && !o.urgent)
    return refuse('ADMIN_IN_USE', `${o.sessions} sessions that are not ours`)
  return next(
    'open',
    o.login.current ? 'a rotation was asked for' : 'the database has only the previous password',
  )
}

function next(step: StepName, why: string): Decision {
  return { kind: 'next', action: { step, slot: 'user', why } }
}

function refuse(code: RefusalCode, why: string): Decision {
  return { kind: 'refused', code, why }
}
