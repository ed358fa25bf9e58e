import type { Step } from './step.ts'

/** The user cannot log in until `set`. */
export const provision: Step = {
  name: 'provision',
  title: 'Create the standby user with the privileges of the active one',
  reversible: true,
  requires: ['standby-user'],
  touches: ['standby-user', 'logins'],
  apply: async (action, context) => {
    const { documents, logins } = context
    const session = await context.session()
    const username = documents.username(action.slot)
    await session.provision(await context.reference(), username, context.call())
    logins.forget(action.slot)
  },
}
