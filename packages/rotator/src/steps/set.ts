import type { Action } from '../domain/action.ts'
import { setStagedPassword, slotBeside, untilSecondPassword } from './step.ts'
import type { Step, StepContext } from './step.ts'

/** Includes the proof: a login on every endpoint. */
export const set: Step = {
  name: 'set',
  title: 'Make the database accept the staged password, and prove it by logging in',
  reversible: true,
  requires: ['configs', 'sessions'],
  touches: ['logins'],
  apply: (action, context) =>
    context.target.strategy === 'dual-password'
      ? addStagedPassword(action, context)
      : setStagedPassword(action, context),
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
