import type { Action, Subject } from '../domain/action.ts'
import { other } from '../domain/slot.ts'
import type { Slot } from '../domain/slot.ts'
import type { StepContext } from './step.ts'

/** The one user accepts the staged password besides the one that is in use. */
export async function addStagedPassword(action: Action, context: StepContext): Promise<void> {
  const { documents, logins } = context
  const { slot } = action
  const added = documents.stagedPassword(slot)
  if (added === undefined) throw new Error('I2: no password may be set that is not staged')
  const kept = documents.credential(other(slotOf(slot))).password
  const session = await context.session()
  logins.forget(slot)
  await session.setPasswords(documents.username(slot), { kept, added }, context.call())
  await logins.prove(slot, added, documents.credential(slot))
}

/** The one user accepts the password that is in use, and no other. */
export async function endOtherPassword(action: Action, context: StepContext): Promise<void> {
  const { documents, logins } = context
  const used = other(slotOf(action.slot))
  const credential = documents.credential(used)
  const session = await context.session()
  logins.forget('A')
  logins.forget('B')
  const kept = { kept: credential.password }
  await session.setPasswords(credential.username, kept, context.call())
  await logins.prove(used, credential.password, credential)
}

function slotOf(subject: Subject): Slot {
  if (subject === 'user') throw new Error('a target with one slot has no second password')
  return subject
}
