import { stageVersion } from './step.ts'
import type { Step } from './step.ts'

/** The document is corrected from what works, never the other way round for a credential in use. */
export const heal: Step = {
  name: 'heal',
  title: 'Stage the working password that consumers use',
  reversible: true,
  requires: ['configs'],
  touches: [],
  apply: async (action, context) => {
    const found = context.foundPassword(action.slot)
    if (found === undefined) throw new Error('heal needs a password that a config target holds')
    await stageVersion(action, context, found)
  },
}
