/** One of the two users of an alternating target. Neither is special: swap the letters and all holds. */
export type Slot = 'A' | 'B'

export const SLOTS: readonly Slot[] = ['A', 'B']

export function other(slot: Slot): Slot {
  return slot === 'A' ? 'B' : 'A'
}
