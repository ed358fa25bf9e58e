import { isRotatorError } from '../errors.ts'
import { noteOwner, ownerOf } from './step.ts'
import type { Step } from './step.ts'

/**
 * One request, if the owner is still at rest. That it may have arrived is noted before it is sent,
 * so that no failure of it, and no second look, leads to another one.
 */
export const ask: Step = {
  name: 'ask',
  title: 'Ask the owner of the credential to rotate it',
  reversible: false,
  requires: ['sessions', 'owner'],
  touches: ['owner', 'logins', 'sessions'],
  apply: async (_action, context) => {
    const { owner, request } = ownerOf(context)
    const { state } = await owner.state(context.call())
    if (state !== 'ready' && state !== 'impaired') return noteOwner(request, state)
    request.before = state
    request.asked = 'maybe'
    request.sent += 1
    try {
      await owner.rotate(context.call())
      request.asked = 'yes'
    } catch (error) {
      if (isRotatorError(error) && error.retry !== 'observe-first') request.asked = 'no'
      throw error
    }
  },
}
