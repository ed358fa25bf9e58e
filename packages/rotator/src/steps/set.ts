import { setStagedPassword } from './step.ts'
import type { Step } from './step.ts'
import { addStagedPassword } from './two-passwords.ts'

/** Includes the proof: a login on every endpoint. */
export const set: Step = {
  name: 'set',
  title: 'Make the database accept the staged password, and prove it by logging in',
  reversible: true,
  requires: ['configs', 'sessions'],
  touches: ['logins'],
  apply: (action, context) =>
    context.target.strategy === 'dual-password'
      ? addStagedPassword(action, context)
      : setStagedPassword(action, context),
}
