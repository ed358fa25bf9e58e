/**
 * One of the two users of an alternating target. Neither is special: swap the letters and all
 * holds.
 */
export type Slot = 'A' | 'B'

/** Both slots. */
export const SLOTS: readonly Slot[] = ['A', 'B']

/** The slot that is not this one. */
export function other(slot: Slot): Slot {
  return slot === 'A' ? 'B' : 'A'
}
