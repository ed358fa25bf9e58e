import { stageFresh } from './step.ts'
import type { Step } from './step.ts'

/** The version that closes the rotation: it becomes current only after `retire`. */
export const stage: Step = {
  name: 'stage',
  title: 'Stage the version without the old password',
  reversible: true,
  requires: ['configs', 'sessions'],
  touches: [],
  apply: stageFresh,
}
