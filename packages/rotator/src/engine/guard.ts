import { isRotatorError, RotatorError } from '../errors.ts'
import type { Call } from '../ports/call.ts'
import type { Clock } from '../ports/clock.ts'
import type { AdminSession } from '../ports/database.ts'
import type { Target } from '../ports/target.ts'
import type { KnownSecrets } from './secrets.ts'

/**
 * Wraps every port of a target: no call outlives its deadline, and no error that leaves a port
 * carries a secret that this process knows.
 */
export function guardTarget(target: Target, guards: Guards): Target {
  const store = guardPort(target.store, 'store', guards)
  return {
    ...target,
    store,
    admin: target.admin === target.store ? store : guardPort(target.admin, 'admin store', guards),
    database: guardPort(target.database, 'database', guards),
    ...(target.owner && { owner: guardPort(target.owner, 'credential owner', guards) }),
    configs: target.configs.map((config) => guardPort(config, config.id, guards)),
    runtimes: target.runtimes.map((runtime) => guardPort(runtime, runtime.id, guards)),
  }
}

/** What guarding a port needs. */
export interface Guards {
  readonly secrets: KnownSecrets
  readonly clock: Clock
}

/** For how long after its deadline an adapter may take to say what became of the call. */
const GRACE_MS = 2_000

/** Wraps one port as {@link guardTarget} does; `where` names it in messages. */
export function guardPort<P extends object>(port: P, where: string, guards: Guards): P {
  return new Proxy(port, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: readonly unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args)
        if (!(result instanceof Promise)) return result
        return watch(result, { operation: String(name), where, call: lastCall(args), ...guards })
      }
    },
  })
}

interface Watched extends Guards {
  readonly operation: string
  readonly where: string
  readonly call: Call | undefined
}

async function watch(result: Promise<unknown>, watched: Watched): Promise<unknown> {
  const { call, secrets, clock, operation, where } = watched
  try {
    const value = await (call ? withDeadline(result, call.signal, watched) : result)
    return isSession(value) ? guardPort(value, 'admin session', { secrets, clock }) : value
  } catch (error) {
    secrets.scrubError(error)
    if (call?.signal.aborted === true && !isRotatorError(error))
      throw new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where }, { cause: error })
    throw error
  }
}

/** An adapter should stop by itself when its signal aborts; one that does not is not waited for. */
async function withDeadline(
  result: Promise<unknown>,
  signal: AbortSignal,
  { operation, where, clock }: Watched,
): Promise<unknown> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => {
    void clock.sleep(GRACE_MS).then(() => {
      reject(new RotatorError('ERR_OUTCOME_UNKNOWN', { operation, where }))
    })
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([result, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function lastCall(args: readonly unknown[]): Call | undefined {
  const last = args.at(-1)
  const isCall = typeof last === 'object' && last !== null && 'signal' in last
  return isCall && last.signal instanceof AbortSignal ? { signal: last.signal } : undefined
}

function isSession(value: unknown): value is AdminSession {
  return typeof value === 'object' && value !== null && Symbol.asyncDispose in value
}
