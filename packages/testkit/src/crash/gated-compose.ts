/**
 * Stands in for `compose.ts` in a gated process: everything that it exports, and targets whose
 * external calls pass gates that the parent process watches.
 */
import { composeTarget as composeReal } from '../../../rotator/src/compose.ts'
import type { Composed } from '../../../rotator/src/compose.ts'
import type { SecretStore } from '../../../rotator/src/ports/secret-store.ts'
import type { Target } from '../../../rotator/src/ports/target.ts'
import { CallCounter, PLAN_VARIABLE, holdsAt } from './channel.ts'
import type { CallPoint, GatePlan } from './channel.ts'
import { gateTarget } from './gate.ts'
import type { Gate } from './gate.ts'

export * from '../../../rotator/src/compose.ts'

const plan: GatePlan = JSON.parse(process.env[PLAN_VARIABLE] ?? '{"hold":"none"}')

/** One for the process: a command may work on several targets, and a point is one of all calls. */
const gate = parentGate()

/** As in `compose.ts`. */
export async function composeTarget(...args: Parameters<typeof composeReal>): Promise<Composed> {
  const composed = await composeReal(...args)
  return { ...composed, target: gateTarget(withStaleness(composed.target), gate) }
}

function withStaleness(target: Target): Target {
  const { staleReadMs } = plan
  if (staleReadMs === undefined) return target
  const store = says(target.store, staleReadMs)
  const admin = target.admin === target.store ? store : says(target.admin, staleReadMs)
  return { ...target, store, admin }
}

function says(store: SecretStore, staleReadMs: number): SecretStore {
  return { ...store, supports: { ...store.supports, staleReadMs } }
}

/** Tells the parent of every call, and waits for its word where the plan says so. */
function parentGate(): Gate {
  const counter = new CallCounter()
  process.channel?.unref()
  const arrive = async (point: CallPoint): Promise<void> => {
    const held = holdsAt(plan, point)
    const go = held ? word() : undefined
    process.send?.({ ...point, held })
    await go
  }
  return {
    async before(call) {
      const point = counter.next(call)
      await arrive(point)
      return () => arrive({ ...point, side: 'after' })
    },
  }
}

function word(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  process.channel?.ref()
  process.once('message', () => {
    process.channel?.unref()
    resolve()
  })
  return promise
}
