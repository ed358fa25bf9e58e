import { RotatorError, isRotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { RollState, Runtime } from '../../ports/runtime.ts'

/** How the restart of one service has begun, or why it has not. */
export type Restart =
  | {
      readonly service: string
      readonly kind: 'begun' | 'known'
      readonly state: RollState['state']
      readonly why?: string
    }
  | {
      readonly service: string
      readonly kind: 'failed'
      readonly code: string
      readonly what: string
      readonly todo: string
    }

/** Begins the restart of a service where this process does not know that it has. Never throws. */
export async function restart(runtime: Runtime, token: string, call: Call): Promise<Restart> {
  const { id: service } = runtime
  try {
    // Of a token that it does not know a runtime asks nobody.
    const known = await runtime.observe(token, call)
    const isKnown = known.state !== 'due'
    const seen = isKnown
      ? known
      : ((await runtime.roll(token, call)) ?? (await runtime.observe(token, call)))
    demandTrace(seen, service)
    const { state, why } = seen
    const kind = isKnown ? 'known' : 'begun'
    return { service, kind, state, ...(why !== undefined && { why }) }
  } catch (error) {
    return { service, kind: 'failed', ...reasonOf(error) }
  }
}

/** A deployment that ECS has shown has a receipt. */
function demandTrace({ state, receipt }: RollState, where: string): void {
  if (state === 'due' || (state === 'rolling' && receipt === undefined))
    throw new RotatorError('ERR_OUTCOME_UNKNOWN', { operation: 'ecs:UpdateService', where })
}

/** The message of what is no error of ours may hold anything. */
function reasonOf(error: unknown): {
  readonly code: string
  readonly what: string
  readonly todo: string
} {
  if (isRotatorError(error)) return { code: error.code, what: error.message, todo: error.hint }
  const name = error instanceof Error ? error.name : typeof error
  if (name === 'TimeoutError')
    return {
      code: 'ERR_DEADLINE',
      what: 'The time of the function was over before ECS had answered.',
      todo: 'Give the function a longer timeout, and look whether it can reach ECS.',
    }
  const todo = 'Open an issue in cuedot’s repository.'
  return { code: 'BUG', what: `This is a bug in cuedot (${name}).`, todo }
}
