import { slotBeside } from './step.ts'
import type { Step } from './step.ts'

/**
 * Ends a quarantine, and an expiry that the other slot has not: dates of the operator's own stay.
 * The password was not touched, so consumers log in as before.
 */
export const release: Step = {
  name: 'release',
  title: 'Open the account of a slot that is needed: no quarantine, no expiry',
  reversible: true,
  requires: [],
  touches: ['logins'],
  apply: async (action, context) => {
    const session = await context.session()
    context.logins.forget(action.slot)
    const username = context.documents.username(action.slot)
    const beside = context.documents.username(slotBeside(action.slot))
    const at = await session.expiry(username, context.call())
    const usual = await session.expiry(beside, context.call())
    if (at?.getTime() !== usual?.getTime()) await session.expire(username, usual, context.call())
    await session.quarantine(username, false, context.call())
  },
}
