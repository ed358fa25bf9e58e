import type { Intent } from '../../../rotator/src/domain/plan.ts'
import type { RunResult } from '../../../rotator/src/engine/result.ts'
import type { WorldOptions } from './names.ts'
import type { World } from './world.ts'

/** A state that a rotation may find, and how it may end from there. */
export interface Start {
  readonly name: string
  readonly options: WorldOptions
  readonly intent: Intent
  readonly arrange?: (world: World) => void
  /** Something that happens right before the n-th call. */
  readonly incident?: { readonly at: number; readonly what: (world: World) => Promise<void> }
  /** What a person does before running again. */
  readonly heal?: (world: World) => void
  readonly ends: readonly RunResult['outcome'][]
}

/** How a rotation may end, faults or not. */
export const DONE: readonly RunResult['outcome'][] = ['rotated', 'settled', 'healed', 'backed-out']

/** A client that nobody told: it keeps its own copy of a credential until it is stopped. */
export function straggler(world: World, slot: 'A' | 'B', forMs: number): void {
  const user = world.users.get(world.username(slot))
  if (user === undefined) return
  const held = { username: world.username(slot), password: user.password }
  world.fleet.stragglers = [...world.fleet.stragglers, { held, until: world.now + forMs }]
}
