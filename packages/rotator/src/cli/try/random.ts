/** Draws a number from 0 (included) to 1 (excluded). */
export type Draw = () => number

/**
 * A random sequence that its seed repeats: the order of the demo's accidents, never a secret.
 *
 * @param seed - 0 to 2^32-1.
 */
export function seededRandom(seed: number): Draw {
  let state = seed >>> 0
  return () => {
    // A linear congruential step (Numerical Recipes), then mixed so that the low bits count too.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x45d9f3b) >>> 0
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

/** `CUEDOT_TRY_SEED` where it is set, else a new one. @throws Error for what is no such number */
export function seedFrom(text: string | undefined): number {
  if (text === undefined || text === '') return Math.floor(Math.random() * 2 ** 32)
  const seed = Number(text)
  if (/^\d{1,10}$/.test(text) && seed < 2 ** 32) return seed
  throw new Error('CUEDOT_TRY_SEED must be a number from 0 to 4294967295.')
}
