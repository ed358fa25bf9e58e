import type { Step } from './step.ts'

/**
 * Writing what is there already changes nothing, so a run that was killed just writes again.
 * A roll that began before counts for nothing, also for whoever goes on after a crash.
 */
export const publish: Step = {
  name: 'publish',
  title: 'Point a config target at the active slot',
  reversible: true,
  requires: [],
  touches: ['configs'],
  apply: async (action, context) => {
    const config = context.target.configs.find((candidate) => candidate.id === action.where)
    if (config === undefined) throw new Error(`no config target ${action.where}`)
    await context.forgetRolls()
    await config.write(context.documents.credential(action.slot), context.call())
  },
}
