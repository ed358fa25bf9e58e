import type { Step } from './step.ts'

/**
 * After a restored backup the database has passwords that no document knows any more. Only where
 * the operator has said that the secret is right, and while nobody has a session as the user.
 */
export const reinstate: Step = {
  name: 'reinstate',
  title: 'Give the database the password that the document has, and prove it by logging in',
  reversible: false,
  requires: ['logins', 'sessions', 'configs'],
  touches: ['logins'],
  apply: async (action, context) => {
    const { documents, logins, target } = context
    const credential = documents.credential(action.slot)
    const session = await context.session()
    logins.forget(action.slot)
    await session.setPassword(credential.username, credential.password, context.call())
    await logins.prove(action.slot, credential.password, credential)
    context.noted({ loggedInOn: target.database.endpoints })
  },
}
