import type { Step } from './step.ts'

/** Only where the operator has asked for it. Takes nothing away from anybody. */
export const grant: Step = {
  name: 'grant',
  title: 'Grant the standby user what the active one has and it lacks',
  reversible: true,
  requires: ['standby-user'],
  touches: ['standby-user'],
  apply: async (action, context) => {
    const session = await context.session()
    const username = context.documents.username(action.slot)
    await session.grantMissing(await context.reference(), username, context.call())
  },
}
