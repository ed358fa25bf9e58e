import { stageVersion } from './step.ts'
import type { Step } from './step.ts'

/** The same passwords over the changed document: nobody's edit is lost. */
export const rebase: Step = {
  name: 'rebase',
  title: 'Stage the same again over a document that somebody changed',
  reversible: true,
  requires: [],
  touches: [],
  apply: (action, context) => stageVersion(action, context),
}
