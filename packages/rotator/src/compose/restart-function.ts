import { ecsRuntime } from '../adapters/ecs/runtime.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { Clock } from '../ports/clock.ts'
import type { Runtime } from '../ports/runtime.ts'

/** Which services a function restarts. */
export interface RestartPlace {
  /** Name or ARN. */
  readonly cluster: string
  /** Names or ARNs. */
  readonly services: readonly string[]
}

/** A rollout is begun here and awaited by nobody. */
const UNWATCHED = { limitMs: 3_600_000, pollMs: 1_000 }

/** Lambda calls again a minute after a failure: by then a request that was lost is sent again. */
const DOUBT_MS = 30_000

/**
 * Services of ECS that can be restarted. Only what the function needs is within reach of this file:
 * everything else would be in its bundle. Connects to nothing.
 */
export function composeServices({ cluster, services }: RestartPlace): readonly Runtime[] {
  return services.map((service) =>
    ecsRuntime({ id: service, cluster, service, ...UNWATCHED, doubtMs: DOUBT_MS }),
  )
}

/** The clock of the machine that the function runs on. */
export const restartClock: Clock = systemClock
