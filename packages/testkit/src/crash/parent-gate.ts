import { CallCounter, PLAN_VARIABLE, holdsAt } from './channel.ts'
import type { CallPoint, GatePlan } from './channel.ts'
import type { Gate } from './gate.ts'

/** What this process is to do. */
export const plan: GatePlan = JSON.parse(process.env[PLAN_VARIABLE] ?? '{"hold":"none"}')

/** One for the process: a command may work on several targets, and a point is one of all calls. */
export const gate: Gate = parentGate()

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
