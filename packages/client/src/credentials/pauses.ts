/** Longest pause between two attempts while the source fails, in milliseconds. */
export const LONGEST_RETRY_MS = 30_000

const FIRST_RETRY_MS = 1_000

/**
 * Time until the next poll: between three and five quarters of what was asked for, so that many
 * instances that were started together do not ask together for ever.
 *
 * @param random - 0 up to and without 1
 */
export function pollPauseMs(pollMs: number, random: number): number {
  return pollMs * (0.75 + random / 2)
}

/**
 * Time until the source is asked again after it has failed: 1 s, doubled with each failure up to
 * {@link LONGEST_RETRY_MS}, of which the second half is left to chance.
 *
 * @param failures - in a row, from 1
 * @param random - 0 up to and without 1
 */
export function retryPauseMs(failures: number, random: number): number {
  const most = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1))
  return (most / 2) * (1 + random)
}
