import { stageVersion } from './step.ts'
import type { Step } from './step.ts'

/** Both slots still log in, so consumers can go back as they came. */
export const turn: Step = {
  name: 'turn',
  title: 'Record that the rotation turns back',
  reversible: true,
  requires: [],
  touches: [],
  apply: (action, context) => stageVersion(action, context),
}
