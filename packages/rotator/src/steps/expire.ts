import type { Step } from './step.ts'

/**
 * Should nobody ever finish this rotation, the old credential dies all the same. A rotation that
 * goes on, or turns back, takes the date away again.
 */
export const expire: Step = {
  name: 'expire',
  title: 'Let the account of the old slot expire by itself, should nobody finish the rotation',
  reversible: true,
  requires: ['configs'],
  touches: ['logins'],
  apply: async (action, context) => {
    const { expireAfterMs } = context.target.policy
    if (expireAfterMs === undefined) throw new Error('the target asks for no expiry')
    const at = new Date(context.clock.now().getTime() + expireAfterMs)
    const session = await context.session()
    await session.expire(context.documents.username(action.slot), at, context.call())
  },
}
