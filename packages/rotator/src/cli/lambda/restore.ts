import { makeRound } from '../../engine/four-steps/heal.ts'
import type { ExitCode } from '../exit-codes.ts'
import { workOnSecret } from './visits.ts'
import type { SecretOptions } from './visits.ts'

/** The options of `restore`. */
export interface RestoreOptions extends SecretOptions {
  /** The version's id. */
  readonly to: string
}

/**
 * `restore`: the database is given the password of an earlier version, which is proven before
 * AWSCURRENT moves to it by compare-and-set.
 *
 * @see AWS Secrets Manager API reference, RestoreSecret: it cancels a deletion and brings no
 *   version back; UpdateSecretVersionStage moves AWSPREVIOUS along with AWSCURRENT
 */
export async function restoreCommand(options: RestoreOptions): Promise<ExitCode> {
  const steps = ['setSecret', 'testSecret', 'finishSecret'] as const
  return await workOnSecret(options, async (target, env) => {
    const result = await makeRound(target, { steps, token: options.to, asked: 'restore' }, env)
    return result.outcome === 'done' ? { ...result, ...RESTORED } : result
  })
}

const RESTORED = {
  what: 'the version is current, and its password logs in',
  state: 'What was current before has the label AWSPREVIOUS.',
  todo: 'Restart what does not follow the secret by itself.',
}
