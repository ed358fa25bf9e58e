import type { Step } from './step.ts'

/** Ends a quarantine and an expiry. The password was not touched: consumers log in as before. */
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
    if ((await session.expiry(username, context.call())) !== undefined)
      await session.expire(username, undefined, context.call())
    await session.quarantine(username, false, context.call())
  },
}
