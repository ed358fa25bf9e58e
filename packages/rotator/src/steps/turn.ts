import { stageVersion } from './step.ts'
import type { Step } from './step.ts'

export const turn: Step = {
  name: 'turn',
  title: 'Record that the rotation turns back',
  reversible: true,
  requires: [],
  touches: [],
  apply: (action, context) => stageVersion(action, context),
}
