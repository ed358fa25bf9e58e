import { stageVersion } from './step.ts'
import type { Step } from './step.ts'

/**
 * Keeps whichever password of the given-up slot logs in, so that none is known to the database
 * alone.
 */
export const undo: Step = {
  name: 'undo',
  title: 'Stage the record that the rotation was backed out',
  reversible: true,
  requires: [],
  touches: [],
  apply: (action, context) => stageVersion(action, context, context.logins.accepted(action.slot)),
}
