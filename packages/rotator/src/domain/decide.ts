import { decideTwoSlots } from './two-slots.ts'
import { decideManaged } from './managed.ts'
import type { Observed } from './observed.ts'
import type { Decision, Intent } from './plan.ts'
import { decideSingleUser } from './single-user.ts'

/**
 * The next action for a target, from facts alone.
 *
 * Pure and total: the same facts and intent always give the same decision. It is called again after
 * every action, so a crash at any moment needs no recovery code.
 */
export function decide(observed: Observed, intent: Intent): Decision {
  if (observed.strategy === 'managed') return decideManaged(observed, intent)
  return observed.strategy === 'single-user'
    ? decideSingleUser(observed, intent)
    : decideTwoSlots(observed, intent)
}
