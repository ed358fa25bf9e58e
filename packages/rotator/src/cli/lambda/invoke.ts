import { functionSystem } from '../../compose/rotation-function.ts'
import { ROTATION_STEPS } from '../../domain/four-steps.ts'
import { makeRound } from '../../engine/four-steps/heal.ts'
import type { ExitCode } from '../exit-codes.ts'
import { UsageError } from '../options.ts'
import type { SecretOptions } from './visits.ts'
import { workOnSecret } from './visits.ts'

/** The options of `lambda invoke`. */
export interface InvokeOptions extends SecretOptions {
  readonly local?: true
  /** Default: all four, in their order. */
  readonly step?: string
  /** The version's id. Default: a new one. */
  readonly token?: string
}

/** `lambda invoke --local`: the steps of a rotation, made by this process. */
export async function lambdaInvokeCommand(options: InvokeOptions): Promise<ExitCode> {
  if (options.local !== true)
    throw new UsageError(
      'Only this process can be asked to make the steps.',
      'Add --local; a function that is deployed is called by ' +
        '`aws secretsmanager rotate-secret --secret-id …`.',
    )
  const steps = ROTATION_STEPS.filter((step) => step === (options.step ?? step))
  if (steps.length === 1 && options.token === undefined)
    throw new UsageError('One step alone belongs to a version.', 'Name it: --token VERSION-ID.')
  const token = options.token ?? functionSystem.random.uuid()
  return await workOnSecret(options, (target, env) =>
    makeRound(target, { steps, token, asked: 'by-hand' }, env),
  )
}
