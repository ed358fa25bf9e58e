import type { TwoSlotFacts, ConfigFacts, Observed } from '../../domain/observed.ts'
import { runsOnInitial } from '../../domain/initial.ts'
import type { Slot } from '../../domain/slot.ts'
import { SLOTS, other } from '../../domain/slot.ts'
import type { Look } from '../../engine/look.ts'
import { describeSessions } from '../../steps/drain.ts'

/**
 * What is not as the document says, one readable line each; empty for a target in order. What an
 * open rotation has yet to do is no drift.
 */
export function driftOf(look: Look): readonly string[] {
  const { observed } = look
  if (observed.strategy === 'managed') return managedDrift(observed, look)
  if (observed.strategy === 'single-user') return singleUserDrift(observed, look)
  const always = [...pendingDrift(observed), ...observed.configs.flatMap(strangeConfig)]
  if (observed.store.rotation !== undefined) return always
  return [
    ...always,
    ...observed.configs.flatMap((config) => strayConfig(config, observed)),
    ...SLOTS.flatMap((slot) => loginDrift(observed, slot)),
    ...standbySessions(look, observed),
    ...look.lacks.map((line) => `the standby user lacks ${line}`),
  ]
}

function pendingDrift({ store }: TwoSlotFacts): readonly string[] {
  if (store.pending === 'foreign') return ['AWSPENDING holds a version that cuedot did not write']
  if (store.pending === 'none') return []
  return store.stale ? ['the secret was changed after the pending version was made'] : []
}

function strangeConfig({ id, holds }: ConfigFacts): readonly string[] {
  switch (holds) {
    case 'lost-A':
    case 'lost-B':
      return [`${id} holds a working password of slot ${holds.slice(-1)} that the document lacks`]
    case 'foreign':
      return [`${id} holds a user that is no slot's`]
    case 'dead':
      return [`${id} holds a credential that does not log in`]
    case 'initial':
    case 'A':
    case 'B':
      return []
  }
}

function strayConfig({ id, holds }: ConfigFacts, o: TwoSlotFacts): readonly string[] {
  const { active } = o.store
  if (holds === 'initial')
    return runsOnInitial(o)
      ? [`${id} holds the initial user; the first rotation brings it to a slot`]
      : [`${id} holds the initial user, and slot ${active} is active`]
  return holds === other(active) ? [`${id} holds slot ${holds}, and slot ${active} is active`] : []
}

function loginDrift(o: TwoSlotFacts, slot: Slot): readonly string[] {
  if (o.strategy === 'dual-password' && slot !== o.store.active) return strayPassword(o)
  if (o.placeholder[slot]) return [`slot ${slot} has the stand-in of a deployment script`]
  if (slot !== o.store.active && o.standbyUser === 'absent')
    return [`the user of slot ${slot} does not exist yet; the next rotation makes it`]
  if (o.expires[slot] && slot === o.store.active)
    return [`the account of slot ${slot}, which is active, expires at a date (VALID UNTIL)`]
  if (o.login[slot].locked) return [`the user of slot ${slot} is locked`]
  if (o.login[slot].current || o.login[slot].pending) return []
  return [`slot ${slot} does not log in with the password in the document`]
}

function strayPassword({ stray }: TwoSlotFacts): readonly string[] {
  return stray ? ['the user accepts a second password that the document lacks'] : []
}

/** One user's sessions do not tell which password they have used. */
function standbySessions(look: Look, { store, strategy }: TwoSlotFacts): readonly string[] {
  if (strategy === 'dual-password') return []
  const standby = look.credentials.find(({ active }) => !active)?.username
  const stray = look.sessions.filter(({ username }) => username === standby)
  if (stray.length === 0) return []
  return [`slot ${other(store.active)} stands by and is in use: ${describeSessions(stray)}`]
}

function managedDrift(
  o: Extract<Observed, { strategy: 'managed' }>,
  { sessions }: Look,
): readonly string[] {
  return [
    ...(o.owner === 'stranger' ? [`the secret has another owner: ${o.says}`] : []),
    ...(o.owner === 'impaired' ? ['its owner cannot rotate it (impaired)'] : []),
    ...(o.login.current ? [] : ['the password of the secret does not log in everywhere']),
    ...(sessions.length > 0 ? [`somebody else uses this user: ${describeSessions(sessions)}`] : []),
  ]
}

function singleUserDrift(
  o: Extract<Observed, { strategy: 'single-user' }>,
  { sessions }: Look,
): readonly string[] {
  return [
    ...(o.owner === undefined ? [] : [`${o.owner} owns the secret and alone may change it`]),
    ...(o.placeholder ? ['the secret has the stand-in of a deployment script'] : []),
    ...(o.pending === 'foreign' ? ['AWSPENDING holds a version that cuedot did not write'] : []),
    ...(o.login.current || o.login.pending ? [] : ['only an earlier password logs in']),
    ...(sessions.length > 0 ? [`somebody else uses this user: ${describeSessions(sessions)}`] : []),
  ]
}
