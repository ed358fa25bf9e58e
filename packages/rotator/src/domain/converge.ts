import type { TwoSlotFacts } from './observed.ts'
import type { Decision } from './plan.ts'
import type { Slot } from './slot.ts'

/**
 * What keeps consumers from being on `slot`: publish everywhere, then roll in the order of the
 * config.
 */
export function converge(o: TwoSlotFacts, slot: Slot): Decision | undefined {
  const config = o.configs.find((candidate) => candidate.holds !== slot)
  if (config) {
    const why = `it holds ${config.holds}`
    return { kind: 'next', action: { step: 'publish', slot, where: config.id, why } }
  }
  const runtime = o.runtimes.find((candidate) => candidate.roll !== 'done')
  if (runtime === undefined) return undefined
  const why = runtime.roll === 'rolling' ? 'its roll is under way' : 'it may hold the other slot'
  return { kind: 'next', action: { step: 'roll', slot, where: runtime.id, why } }
}

/** True while somebody may be logging in, or about to log in, as this slot. */
export function inUse(o: TwoSlotFacts, slot: Slot): boolean {
  return o.sessions[slot] > 0 || isHeld(o, slot)
}

/** True while a config target tells consumers to use this slot. */
export function isHeld(o: TwoSlotFacts, slot: Slot): boolean {
  return o.configs.some(({ holds }) => holds === slot || holds === `lost-${slot}`)
}
