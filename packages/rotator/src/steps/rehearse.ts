import { stageFresh } from './step.ts'
import type { Step } from './step.ts'

/** As `open`, with a record that keeps every later run from flipping. */
export const rehearse: Step = {
  name: 'rehearse',
  title: 'Record a rehearsal and stage a fresh password',
  reversible: true,
  requires: ['configs', 'sessions'],
  touches: [],
  apply: stageFresh,
}
