/** How many of what was tried came out as it should. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Nothing tried. */
export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 }

/** Both together. */
export function add(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }
}

/** The line that a run closes with: `3 passed, 0 failed`, and `, 1 skipped` where something was. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** What a run counted that ended with this: one failure where it ended badly and counted none. */
export function readTally(output: string, exitCode: number): Tally {
  const closing = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm
  const [, ...counts] = [...output.matchAll(closing)].at(-1) ?? []
  const [passed = 0, failed = 0, skipped = 0] = counts.map((count) => Number(count ?? 0))
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped }
}

/** Prints the closing line. The exit code is 0 only if something was tried and nothing failed. */
export function close(tally: Tally): void {
  console.log(closingLine(tally))
  process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1
}
