import { promotePending, proveWhereUsed } from './step.ts'
import type { Step } from './step.ts'

/**
 * One compare-and-set label move. Both credentials work before and after it. Where another run has
 * set the password, poolers are asked first.
 */
export const flip: Step = {
  name: 'flip',
  title: 'Make the staged version the current one',
  reversible: true,
  requires: [],
  touches: ['configs', 'runtimes'],
  async apply(action, context) {
    await proveWhereUsed(action, context)
    await promotePending(context)
  },
}
