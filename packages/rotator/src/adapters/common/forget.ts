/** Rolls that are over and still remembered: a run asks about its newest, or the two before it. */
const REMEMBERED = 16

/**
 * Forgets rolls that are over, the oldest first, until 16 are left: a process that rotates for
 * months would grow with every roll. One that is not over is never forgotten.
 *
 * @param rolls - by token, in the order in which they began
 */
export function forgetOldRolls<T>(rolls: Map<string, T>, isOver: (roll: T) => boolean): void {
  const over = [...rolls].filter(([, roll]) => isOver(roll))
  for (const [token] of over.slice(0, -REMEMBERED)) rolls.delete(token)
}
