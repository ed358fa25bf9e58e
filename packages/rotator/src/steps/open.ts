import { stageFresh } from './step.ts'
import type { Step } from './step.ts'

/**
 * One write does both: the record of the rotation, and the password before the database learns it.
 */
export const open: Step = {
  name: 'open',
  title: 'Record the rotation and stage a fresh password',
  reversible: true,
  requires: ['configs', 'sessions'],
  touches: [],
  apply: stageFresh,
}
