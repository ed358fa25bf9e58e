import type { Action } from '../domain/action.ts'
import { setStagedPassword, slotBeside, untilSecondPassword } from './step.ts'
import type { Step, StepContext } from './step.ts'

/** Everything that leaked before this moment is worthless after it. */
export const retire: Step = {
  name: 'retire',
  title: 'Replace or end the password of the old slot, so that it is dead',
  reversible: false,
  requires: ['configs', 'sessions'],
  touches: ['logins'],
  apply: (action, context) =>
    context.target.strategy === 'dual-password'
      ? endOtherPassword(action, context)
      : setStagedPassword(action, context),
}

/** The one user accepts the password that is in use, and no other. */
async function endOtherPassword(action: Action, context: StepContext): Promise<void> {
  const { documents, logins } = context
  const used = slotBeside(action.slot)
  const credential = documents.credential(used)
  const { username, password: kept } = credential
  const session = await context.session()
  logins.forget('A')
  logins.forget('B')
  await session.setPasswords(username, { kept }, context.call())
  await untilSecondPassword('nowhere', username, context)
  await logins.prove(used, kept, credential)
}
