import type { Action } from '../domain/action.ts'
import { proveWhereUsed, setStagedPassword, slotBeside, untilSecondPassword } from './step.ts'
import type { Step, StepContext } from './step.ts'

/** Includes the proof: a login on every endpoint, and through every pooler. */
export const set: Step = {
  name: 'set',
  title: 'Make the database accept the staged password, and prove it by logging in',
  reversible: true,
  requires: ['configs', 'sessions'],
  touches: ['logins'],
  async apply(action, context) {
    const { strategy } = context.target
    await (strategy === 'dual-password' ? addStagedPassword : setStagedPassword)(action, context)
    // A password that replaces the one in use is in force by now, whatever a pooler says of it.
    if (strategy !== 'single-user') await proveWhereUsed(action, context)
  },
}

/** The one user accepts the staged password besides the one that is in use. */
async function addStagedPassword(action: Action, context: StepContext): Promise<void> {
  const { documents, logins } = context
  const { slot } = action
  const added = documents.stagedPassword(slot)
  if (added === undefined) throw new Error('I2: no password may be set that is not staged')
  const kept = documents.credential(slotBeside(slot)).password
  const session = await context.session()
  logins.forget(slot)
  await session.setPasswords(documents.username(slot), { kept, added }, context.call())
  await untilSecondPassword('everywhere', documents.username(slot), context)
  await logins.prove(slot, added, documents.credential(slot))
}
