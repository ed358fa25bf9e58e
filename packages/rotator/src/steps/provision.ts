import type { Step } from './step.ts'
import { other } from '../domain/slot.ts'

/** The user cannot log in until `set`. */
export const provision: Step = {
  name: 'provision',
  title: 'Create the standby user with the privileges of the active one',
  reversible: true,
  requires: ['standby-user'],
  touches: ['standby-user', 'logins'],
  apply: async (action, context) => {
    if (action.slot === 'user') throw new Error('a single-user target provisions nobody')
    const { documents, logins } = context
    const session = await context.session()
    const reference = documents.username(other(action.slot))
    await session.provision(reference, documents.username(action.slot), context.call())
    logins.forget(action.slot)
  },
}
