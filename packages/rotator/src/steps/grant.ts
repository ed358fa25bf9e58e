import { other } from '../domain/slot.ts'
import type { Step } from './step.ts'

/** Only where the operator has asked for it. Takes nothing away from anybody. */
export const grant: Step = {
  name: 'grant',
  title: 'Grant the standby user what the active one has and it lacks',
  reversible: true,
  requires: ['standby-user'],
  touches: ['standby-user'],
  apply: async (action, context) => {
    if (action.slot === 'user') throw new Error('a single-user target compares nobody')
    const { documents } = context
    const session = await context.session()
    const reference = documents.username(other(action.slot))
    await session.grantMissing(reference, documents.username(action.slot), context.call())
  },
}
