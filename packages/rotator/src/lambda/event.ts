import { ROTATION_STEPS } from '../domain/four-steps.ts'
import type { RotationStep } from '../domain/four-steps.ts'
import { RotatorError } from '../errors.ts'

/**
 * What Secrets Manager gives a rotation function.
 *
 * @see AWS Secrets Manager user guide, "Lambda rotation functions", "Event parameters"
 */
export interface RotationEvent {
  readonly step: RotationStep
  /** ARN. */
  readonly secret: string
  /** The id of the version that the rotation makes. */
  readonly token: string
}

/** What a schedule of one's own gives, for a secret that RDS manages. */
export interface ManagedEvent {
  readonly step: 'rotateManaged'
  /** ARN or name. */
  readonly secret: string
}

/** What is used of Lambda's context. */
export interface FunctionContext {
  getRemainingTimeInMillis(): number
  readonly invokedFunctionArn?: string
}

/**
 * @throws ERR_EVENT for a field that is missing, a step that there is not, or a secret of another
 *   account than the function's
 */
export function parseEvent(event: unknown, context: FunctionContext): RotationEvent | ManagedEvent {
  const given: object = typeof event === 'object' && event !== null ? event : {}
  const text = (name: string): string => {
    const value: unknown = Reflect.get(given, name)
    if (typeof value !== 'string' || value === '')
      throw new RotatorError('ERR_EVENT', { problem: `the event has no ${name}` })
    return value
  }
  const named = text('Step')
  if (named === 'rotateManaged') return { step: named, secret: text('SecretId') }
  const step = ROTATION_STEPS.find((one) => one === named)
  if (step === undefined) {
    const problem = `the event's Step is none of ${ROTATION_STEPS.join(', ')}`
    throw new RotatorError('ERR_EVENT', { problem })
  }
  const secret = text('SecretId')
  refuseOtherAccount(secret, context.invokedFunctionArn)
  return { step, secret, token: text('ClientRequestToken') }
}

/** Secrets Manager calls a function for the secrets of its own account only. */
function refuseOtherAccount(secret: string, functionArn: string | undefined): void {
  const theirs = accountOf(secret)
  const ours = accountOf(functionArn ?? '')
  if (theirs === undefined || ours === undefined || theirs === ours) return
  const problem = `the secret belongs to account ${theirs}, the function to ${ours}`
  throw new RotatorError('ERR_EVENT', { problem })
}

function accountOf(arn: string): string | undefined {
  return /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/.exec(arn)?.[1]
}
