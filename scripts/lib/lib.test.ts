import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from './run.ts'
import { add, closingLine, NOTHING, readTally } from './tally.ts'
import { tallyOf } from './vitest.ts'

describe('the closing line', () => {
  test('counts plainly', () => {
    expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  })

  test('tells what was skipped', () => {
    const tally = add({ ...NOTHING, passed: 1, skipped: 1 }, { ...NOTHING, failed: 2, skipped: 1 })
    expect(closingLine(tally)).toBe('1 passed, 2 failed, 2 skipped')
  })

  test('is read back, the last of several', () => {
    const tally = { passed: 3, failed: 1, skipped: 2 }
    expect(readTally(`9 passed, 9 failed\n${closingLine(tally)}\n`, 1)).toEqual(tally)
  })

  test('that is missing, or counts no failure of a run that ended badly, is one', () => {
    expect(readTally('Killed', 1)).toEqual({ ...NOTHING, failed: 1 })
    expect(readTally('3 passed, 0 failed', 1)).toMatchObject({ passed: 3, failed: 1 })
  })
})

describe('the count of a test run', () => {
  const passed = { numPassedTests: 2, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0 }
  const tested = { status: 'failed', assertionResults: [{}] }

  test('takes the numbers of the report', () => {
    expect(tallyOf({ ...passed, testResults: [] }, 0)).toEqual({ passed: 2, failed: 0, skipped: 1 })
  })

  test('counts a file that could not be loaded as one failure', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }, tested]
    expect(tallyOf({ ...passed, numFailedTests: 1, testResults }, 1)).toMatchObject({ failed: 2 })
  })

  test('counts a run that ended badly without a failed test as one failure', () => {
    expect(tallyOf({ ...passed, testResults: [] }, 1)).toMatchObject({ failed: 1 })
  })

  test('counts a run without a report as one failure', () => {
    expect(tallyOf({}, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})

describe('running a program', () => {
  test('gives back its exit code and both outputs', async () => {
    const script = "console.log('out'); console.error('err'); process.exitCode = 3"
    const { code, output } = await run(process.execPath, ['-e', script])
    expect(code).toBe(3)
    expect(output.split('\n').toSorted()).toEqual(['', 'err', 'out'])
  })

  test('gives back a failure when there is no such program', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cuedot-run-'))
    const file = join(folder, 'program')
    await writeFile(file, '', { mode: 0o600 })
    expect(await run(file, [])).toMatchObject({ code: 1 })
    await rm(folder, { recursive: true })
  })

  test('gives back a failure when a signal ends it', async () => {
    const { code, output } = await run(process.execPath, ['-e', 'process.kill(process.pid, 9)'])
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('SIGKILL') })
  })
})
