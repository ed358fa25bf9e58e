import type { Runtime } from '../ports/runtime.ts'
import type { Step, StepContext } from './step.ts'
import type { Action } from '../domain/action.ts'

/**
 * Starting a roll that was started already starts nothing, so a crash while waiting is harmless.
 */
export const roll: Step = {
  name: 'roll',
  title: 'Have a runtime pick up what was published, and wait for its verdict',
  reversible: true,
  requires: [],
  touches: ['runtimes'],
  apply: async (action, context) => {
    const runtime = context.target.runtimes.find((candidate) => candidate.id === action.where)
    if (runtime === undefined) throw new Error(`no runtime ${action.where}`)
    await runtime.roll(context.documents.rollToken(), context.call())
    await wait(runtime, action, context)
  },
}

async function wait(runtime: Runtime, action: Action, context: StepContext): Promise<void> {
  const token = context.documents.rollToken()
  const begun = context.clock.now().getTime()
  while (!context.stop.aborted) {
    const { state, why } = await runtime.observe(token, context.call())
    if (state === 'done' || state === 'failed') return
    const waitedMs = context.clock.now().getTime() - begun
    if (waitedMs >= runtime.limitMs) {
      context.gaveUp(runtime.id, `it did not finish within ${runtime.limitMs} ms`)
      return
    }
    const { step, slot } = action
    const on = why ?? `${runtime.id} is ${state}`
    context.emit({ code: 'STEP_WAITING', step, slot, where: runtime.id, waitedMs, on })
    await context.clock.sleep(runtime.pollMs, context.stop)
  }
}
