import { promotePending } from './step.ts'
import type { Step } from './step.ts'

/** From here on no rotation is open. */
export const close: Step = {
  name: 'close',
  title: 'Make the version without the record, and with the outcome, the current one',
  reversible: false,
  requires: [],
  touches: ['configs', 'runtimes'],
  apply: (_action, context) => promotePending(context),
}
