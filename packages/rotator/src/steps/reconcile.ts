import { stageVersion } from './step.ts'
import type { Step } from './step.ts'

/** Opens a rotation without a fresh password: consumers are on both slots and belong on one. */
export const reconcile: Step = {
  name: 'reconcile',
  title: 'Record that consumers are to meet on one slot',
  reversible: true,
  requires: ['configs'],
  touches: [],
  apply: (action, context) => stageVersion(action, context),
}
