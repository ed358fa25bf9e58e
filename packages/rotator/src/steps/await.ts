import type { Action } from '../domain/action.ts'
import { RotatorError } from '../errors.ts'
import type { OwnerState } from '../ports/credential-owner.ts'
import { noteOwner, ownerOf } from './step.ts'
import type { Owned, Step, StepContext } from './step.ts'

/** Named `await` in the runbook; JavaScript keeps that word for itself. */
export const awaitOwner: Step = {
  name: 'await',
  title: 'Wait until the owner has rotated the credential, and prove it by logging in',
  reversible: false,
  requires: [],
  touches: ['owner', 'logins', 'sessions'],
  apply: watchOwner,
}

/**
 * Looks until the rotation is over, the request turns out to be lost, or the limit is reached. It
 * is over when the owner is at rest, the current version is a new one (where this run has asked)
 * and its password is accepted on every endpoint.
 */
async function watchOwner(action: Action, context: StepContext): Promise<void> {
  const { clock, target } = context
  const { owner, request } = ownerOf(context)
  const begun = clock.now().getTime()
  while (!context.stop.aborted) {
    const state = await owner.state(context.call())
    const waitedMs = clock.now().getTime() - begun
    noteOwner(request, state.state)
    const busy = state.state === 'busy'
    if (!busy && (await isOver(state, context))) return
    if (!busy && isLost(request, waitedMs >= owner.doubtMs)) return void (request.asked = 'no')
    if (waitedMs >= owner.limitMs)
      throw new RotatorError('ERR_OWNER_SLOW', {
        secret: target.store.secret,
        limitMs: owner.limitMs,
        says: state.says,
      })
    const { step, slot } = action
    context.emit({ code: 'STEP_WAITING', step, slot, waitedMs, on: `the owner (${state.says})` })
    await clock.sleep(owner.pollMs, context.stop)
  }
}

/** In one run; then a person should find out what eats the requests. */
const MOST_REQUESTS = 3

/** Nothing has shown for so long that the request cannot have arrived: it may be sent again. */
function isLost({ asked, sent }: Owned['request'], late: boolean): boolean {
  return asked === 'maybe' && late && sent < MOST_REQUESTS
}

/** What cannot be judged any better by waiting is over, too: an owner that gave up, a stranger. */
async function isOver({ state }: OwnerState, context: StepContext): Promise<boolean> {
  const { request } = ownerOf(context)
  if (state === 'stranger') return true
  const changed = await context.reread()
  if (request.asked !== 'no' && !changed) return state === 'impaired' && request.seen
  const { current } = await context.logins.facts('user', context.documents)
  return current
}
