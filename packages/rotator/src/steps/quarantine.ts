import type { Step } from './step.ts'

/** Reversible without knowing any password; open sessions stay. */
export const quarantine: Step = {
  name: 'quarantine',
  title: 'Let nobody log in as the old slot any more',
  reversible: true,
  requires: ['sessions'],
  touches: ['logins'],
  apply: async (action, context) => {
    const session = await context.session()
    context.logins.forget(action.slot)
    await session.quarantine(context.documents.username(action.slot), true, context.call())
  },
}
