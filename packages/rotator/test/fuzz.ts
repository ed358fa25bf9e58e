/**
 * How many cases a fuzz test tries and from which seed. `npm run test:fuzz` sets the variables for
 * the long lane; without them a test tries its short share.
 */

/** 1 to 2^31-1, the same for all tests of a run. `CUEDOT_FUZZ_SEED` repeats a run. */
export const SEED: number = Number(process.env['CUEDOT_FUZZ_SEED'] ?? Date.now() % 2 ** 31)

/**
 * The number of cases of one test, and says so on stdout.
 *
 * @param share - of `CUEDOT_FUZZ_RUNS`, where that is set; never fewer than `short`
 */
export function cases(what: string, { short, share }: { short: number; share: number }): number {
  const runs = Number(process.env['CUEDOT_FUZZ_RUNS'] ?? 0)
  const count = Math.max(short, Math.ceil(runs * share))
  console.log(`fuzz: ${what}: ${count} cases, seed ${SEED}`)
  return count
}
