import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'
import type { Ended } from './run.ts'
import type { Tally } from './tally.ts'

/** The lanes of vitest.config.ts. */
export type Lane = 'unit' | 'sim' | 'real' | 'kubernetes'

/** What {@link runVitest} may be told. */
export interface VitestOptions {
  /** Paths of test files, or the beginnings of such. Default: all of the lanes. */
  readonly files?: readonly string[]
  /** Default: what the lane has. */
  readonly testTimeoutMs?: number
  /** Variables beside ours. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs lanes of tests and counts what came of them. */
export async function runVitest(
  lanes: readonly Lane[],
  show: boolean,
  { files = [], env = {}, testTimeoutMs }: VitestOptions = {},
): Promise<{ readonly tally: Tally; readonly ended: Ended }> {
  const folder = await mkdtemp(join(tmpdir(), 'cuedot-tests-'))
  try {
    const file = join(folder, 'report.json')
    const projects = lanes.flatMap((lane) => ['--project', lane])
    // Only the verbose reporter says of each skipped test why it was skipped.
    const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${file}`]
    const limits = testTimeoutMs === undefined ? [] : [`--testTimeout=${testTimeoutMs}`]
    // The lanes start the command line a thousand times: a third of its work is compiling.
    const kept = { NODE_COMPILE_CACHE: join(folder, 'compiled'), ...env }
    const ended = await run('vitest', ['run', ...projects, ...reporters, ...limits, ...files], {
      show,
      env: kept,
    })
    const report = await readFile(file, 'utf8').catch(() => '{}')
    return { tally: tallyOf(JSON.parse(report), ended.code), ended }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Counts tests. A file that could not be loaded is one failure, and so is a run that ended badly
 * although no test did: an unhandled rejection, a crash, a report that was never written.
 */
export function tallyOf(report: unknown, exitCode: number): Tally {
  const count = (key: string): number => {
    const value = isRecord(report) ? report[key] : undefined
    return typeof value === 'number' ? value : 0
  }
  const files =
    isRecord(report) && Array.isArray(report['testResults']) ? report['testResults'] : []
  const unloaded = files.filter(
    (file: unknown) => isRecord(file) && file['status'] === 'failed' && !hasTests(file),
  ).length
  const failed = count('numFailedTests') + unloaded
  return {
    passed: count('numPassedTests'),
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: count('numPendingTests') + count('numTodoTests'),
  }
}

const hasTests = (file: Readonly<Record<string, unknown>>): boolean =>
  Array.isArray(file['assertionResults']) && file['assertionResults'].length > 0

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
