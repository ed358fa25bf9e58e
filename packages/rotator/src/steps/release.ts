import type { Step } from './step.ts'

/** The password was not touched, so consumers log in as before. */
export const release: Step = {
  name: 'release',
  title: 'End the quarantine of a slot that is needed again',
  reversible: true,
  requires: [],
  touches: ['logins'],
  apply: async (action, context) => {
    const session = await context.session()
    context.logins.forget(action.slot)
    await session.quarantine(context.documents.username(action.slot), false, context.call())
  },
}
