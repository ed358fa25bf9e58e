import { expect } from 'vitest'
import type { Target } from '../../../rotator/src/ports/target.ts'
import { Gate } from './faults.ts'
import { simTarget } from './ports.ts'
import { World } from './world.ts'
import type { WorldOptions } from './names.ts'

/** A world and a target in it in which nothing fails by itself. Its clock is virtual. */
export function arrange(options: WorldOptions = {}): { world: World; target: Target } {
  const world = new World(options)
  return { world, target: simTarget(world, new Gate(world, [])) }
}

/** Nobody was cut off on the way, and nobody is now. */
export function expectEverybodyLogsIn(world: World): void {
  expect(world.checker.broken).toEqual([])
  for (const held of [...world.configs.values(), ...world.fleet.consumers()])
    expect(world.accepts(held)).toBe(true)
}
