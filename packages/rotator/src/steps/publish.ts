import type { Credential } from '@cuedot/client/protocol'
import type { Action } from '../domain/action.ts'
import { RotatorError } from '../errors.ts'
import type { Step, StepContext } from './step.ts'

/**
 * Writing what is there already changes nothing, so a run that was killed just writes again.
 * A roll that began before counts for nothing, also for whoever goes on after a crash.
 */
export const publish: Step = {
  name: 'publish',
  title: 'Point a config target at where its consumers belong',
  reversible: true,
  requires: [],
  touches: ['configs'],
  apply: async (action, context) => {
    const config = context.target.configs.find((candidate) => candidate.id === action.where)
    if (config === undefined) throw new Error(`no config target ${action.where}`)
    await context.forgetRolls()
    await config.write(await credentialFor(action, config.id, context), context.call())
  },
}

/** The admin's password may have been changed since the admin session was opened with it. */
async function credentialFor(
  { slot }: Action,
  where: string,
  context: StepContext,
): Promise<Credential> {
  const { documents, logins, target } = context
  if (slot !== 'initial') return documents.credential(slot)
  const credential = context.initialCredential(where)
  if (await logins.works(credential)) return credential
  const [endpoint = ''] = target.database.endpoints
  throw new RotatorError('ERR_DB_AUTH', { endpoint, username: credential.username })
}
