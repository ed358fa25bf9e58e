import { composeServices, restartClock } from '../../compose/restart-function.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { parseChange } from './event.ts'
import { restart } from './restart.ts'
import type { Restart } from './restart.ts'
import { readRestartSettings } from './settings.ts'
import type { Variables } from './settings.ts'

/** What the function needs from where it runs. */
export interface RestartHost {
  readonly variables: Variables
  /** Gets one object for each line of the log. */
  readonly log: (line: object) => void
}

/** What is used of Lambda's context. */
export interface RestartContext {
  getRemainingTimeInMillis(): number
}

/** A function that Lambda can call. It resolves when every restart has begun. */
export type RestartHandler = (event: unknown, context: RestartContext) => Promise<void>

/** Not every service was restarted; the message names those that were not, each with its code. */
export class RestartFailed extends Error {
  override readonly name = 'RESTART_FAILED'
}

/** What is left of the time of a call when a failure has to be told. */
const LAST_MS = 1_000

/**
 * Makes the handler of a function that has services of ECS deploy anew when AWSCURRENT of a secret
 * has moved. It begins the deployments and does not wait for them. An event that is delivered again
 * restarts nothing again, as far as the process of the function knows of the first time.
 *
 * @throws the handler throws {@link RestartFailed} after it has tried every service, so that Lambda
 *   calls again; ERR_CONFIG for a variable
 */
export function restartHandler({ variables, log }: RestartHost): RestartHandler {
  let composed: readonly Runtime[] | undefined
  return async (event, context) => {
    const settings = readRestartSettings(variables)
    const { cluster, secrets } = settings
    const change = parseChange(event)
    if ('ignored' in change)
      return log({ level: 'info', code: 'EVENT_IGNORED', why: change.ignored })
    const { token, ...about } = change
    if (secrets.length > 0 && !isListed(about.secret, secrets))
      return log({ level: 'info', code: 'EVENT_IGNORED', why: 'SECRET_ARNS lacks its secret' })
    composed ??= composeServices(settings)
    const leftMs = Math.max(1, context.getRemainingTimeInMillis() - LAST_MS)
    const call = { signal: restartClock.deadline(leftMs) }
    const restarts = await Promise.all(composed.map((service) => restart(service, token, call)))
    for (const one of restarts) log(lineOf(one, { cluster, ...about }))
    demandAll(restarts, cluster)
  }
}

/** An ARN is listed as it is, or without the seven characters that AWS puts at its end. */
function isListed(secret: string, secrets: readonly string[]): boolean {
  if (secret === '')
    throw new RestartFailed('the event does not name its secret, and SECRET_ARNS lists some')
  return secrets.some((listed) => [secret, secret.replace(/-[^-]{6}$/, '')].includes(listed))
}

function lineOf(one: Restart, about: object): object {
  if (one.kind !== 'failed') {
    const { service, kind, state, why } = one
    const level = state === 'failed' ? 'warn' : 'info'
    const code = kind === 'begun' ? 'RESTART_BEGUN' : 'RESTART_KNOWN'
    return { level, code, ...about, service, state, ...(why !== undefined && { why }) }
  }
  const { service, code: error, what, todo } = one
  return { level: 'error', code: 'RESTART_FAILED', ...about, service, error, what, todo }
}

function demandAll(restarts: readonly Restart[], cluster: string): void {
  const failed = restarts.flatMap((one) => (one.kind === 'failed' ? [one] : []))
  if (failed.length === 0) return
  const names = failed.map(({ service, code }) => `${service} (${code})`).join(', ')
  const were = failed.length === 1 ? 'was' : 'were'
  throw new RestartFailed(
    `${failed.length} of ${restarts.length} services of ${cluster} ${were} not restarted: ${names}`,
  )
}
