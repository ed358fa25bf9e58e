import { promotePending } from './step.ts'
import type { Step } from './step.ts'

/** One compare-and-set label move. Both credentials work before and after it. */
export const flip: Step = {
  name: 'flip',
  title: 'Make the staged version the current one',
  reversible: true,
  requires: [],
  touches: ['configs', 'runtimes'],
  apply: (_action, context) => promotePending(context),
}
