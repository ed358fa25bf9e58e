import { isPlaceholder } from '@cuedot/client/protocol'
import type { TwoSlotFacts, LoginFacts } from '../domain/observed.ts'
import { SLOTS, other } from '../domain/slot.ts'
import type { Slot } from '../domain/slot.ts'
import type { UserComparison } from '../ports/database.ts'
import type { Desk } from './desk.ts'
import type { SlotDocuments } from './documents/slot-documents.ts'

/** Which passwords work, and which the document has. */
type PasswordFacts = Pick<TwoSlotFacts, 'login' | 'placeholder' | 'stray'>

const NO_LOGIN: LoginFacts = { current: false, pending: false, locked: false }

/** Two users, each with one password. A user that is not there is not tried. */
export async function observeUsers(
  desk: Desk,
  documents: SlotDocuments,
  standby: UserComparison,
): Promise<PasswordFacts> {
  const { active } = documents.facts()
  const login = async (slot: Slot): Promise<LoginFacts> =>
    standby.state === 'absent' && slot !== active ? NO_LOGIN : desk.logins.facts(slot, documents)
  return {
    login: { A: await login('A'), B: await login('B') },
    placeholder: placeholders(documents),
    stray: false,
  }
}

/**
 * One user that may have two passwords. Where the server says that it has one, the other slot's is
 * not tried: a refused login counts against the account.
 */
export async function observePasswords(
  desk: Desk,
  documents: SlotDocuments,
  hasSecond: boolean,
): Promise<PasswordFacts> {
  const { active, pending } = documents.facts()
  const standby = other(active)
  const used = await desk.logins.facts(active, documents)
  const spare = hasSecond ? await desk.logins.facts(standby, documents) : NO_LOGIN
  // The closing version has one password: it is as that says once there is no second one.
  const waiting = pending === 'retire' ? { ...spare, pending: !hasSecond } : spare
  return {
    login: active === 'A' ? { A: used, B: waiting } : { A: waiting, B: used },
    placeholder: placeholders(documents),
    stray: hasSecond && !spare.current && !spare.pending,
  }
}

function placeholders(documents: SlotDocuments): TwoSlotFacts['placeholder'] {
  const [A, B] = SLOTS.map((slot) => isPlaceholder(documents.credential(slot).password))
  return { A: A === true, B: B === true }
}
