import { setStagedPassword } from './step.ts'
import type { Step } from './step.ts'
import { endOtherPassword } from './two-passwords.ts'

/** Everything that leaked before this moment is worthless after it. */
export const retire: Step = {
  name: 'retire',
  title: 'Replace or end the password of the old slot, so that it is dead',
  reversible: false,
  requires: ['configs', 'sessions'],
  touches: ['logins'],
  apply: (action, context) =>
    context.target.strategy === 'dual-password'
      ? endOtherPassword(action, context)
      : setStagedPassword(action, context),
}
