import { RotatorError } from '../../errors.ts'
import { AnswerLost, mayHaveArrived } from './aws-failures.ts'

/** Where a service of AWS is and how long to wait for it. */
export interface AwsOptions {
  /** Default: what the SDK finds in the environment and the shared config files. */
  readonly region?: string
  /** Default: the SDK's own rules, `AWS_ENDPOINT_URL` among them. */
  readonly endpoint?: string
  /** Longest wait for the answer to one request, in milliseconds. 1 to 300,000. Default 8,000. */
  readonly requestTimeoutMs?: number
}

/** Three attempts of this length fit into one call of a port, 30,000 by default. */
const REQUEST_TIMEOUT_MS = 8000

/** How a client of the SDK is configured. Throttled calls are tried three times. */
export function awsConfig(options: AwsOptions): AwsConfig {
  return {
    ...(options.region !== undefined && { region: options.region }),
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    maxAttempts: 3,
    retryMode: 'standard',
    requestHandler: {
      requestTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      // Without it the handler only prints a warning and goes on waiting.
      throwOnRequestTimeout: true,
    },
  }
}

/** The part of a client's configuration that is ours. */
export interface AwsConfig {
  readonly region?: string
  readonly endpoint?: string
  readonly maxAttempts: number
  readonly retryMode: 'standard'
  readonly requestHandler: {
    readonly requestTimeout: number
    readonly throwOnRequestTimeout: boolean
  }
}

/** Makes something when it is first needed, once; a failure is tried again. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return async () => {
    made ??= make()
    try {
      return await made
    } catch (error) {
      made = undefined
      throw error
    }
  }
}

/** @throws ERR_CONFIG when no region is set anywhere */
export async function demandRegion(region: () => Promise<string>): Promise<void> {
  try {
    await region()
  } catch {
    const problem = 'no region is set, neither here nor in the AWS configuration'
    throw new RotatorError('ERR_CONFIG', { file: 'environment', path: 'AWS_REGION', problem })
  }
}

/** Which commands change something, and which of these must not be sent twice. */
export interface Writes {
  readonly all: ReadonlySet<string>
  readonly once: ReadonlySet<string>
}

type Handler<A, R> = (args: A) => Promise<R>

/** What goes around each attempt of a call, and what goes around the whole call. */
export interface Watch {
  readonly attempt: <A, R>(next: Handler<A, R>, context: WatchContext) => Handler<A, R>
  readonly call: <A, R>(next: Handler<A, R>, context: WatchContext) => Handler<A, R>
}

/** What a middleware is told about the call. */
export interface WatchContext {
  readonly commandName?: string
}

/** Inside the retries and outside of what turns an answer into an error. */
export const AROUND_ATTEMPT = {
  step: 'deserialize',
  priority: 'high',
  name: 'cuedotWatchAttempt',
} as const

/** Around everything. */
export const AROUND_CALL = {
  step: 'initialize',
  priority: 'high',
  name: 'cuedotWatchCall',
} as const

/**
 * Makes a write whose answer was lost in any attempt fail as {@link AnswerLost}, whatever the later
 * attempts say: the first may have had its effect. The SDK repeats no AnswerLost, so what must not
 * be sent twice is not.
 */
export function watchWrites(writes: Writes): Watch {
  const lost = new WeakSet<object>()
  return {
    attempt: (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        const { commandName = '' } = context
        if (!writes.all.has(commandName) || !mayHaveArrived(error)) throw error
        lost.add(context)
        throw writes.once.has(commandName) ? new AnswerLost() : error
      }
    },
    call: (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        throw lost.has(context) ? new AnswerLost() : error
      }
    },
  }
}
