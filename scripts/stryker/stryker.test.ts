import { describe, expect, test } from 'vitest'
import { triedOf } from './report.ts'
import type { Tried } from './report.ts'
import { judge, percentOf, scoreOf, scoresOf, tableOf } from './score.ts'

const SOURCE = 'one\nif (a > b) go()\n'

function mutant(status: string, replacement = 'a >= b'): object {
  const location = { start: { line: 2, column: 5 }, end: { line: 2, column: 10 } }
  return { id: '1', mutatorName: 'EqualityOperator', status, replacement, location }
}

function report(...mutants: readonly object[]): unknown {
  return { files: { 'packages/rotator/src/domain/slot.ts': { source: SOURCE, mutants } } }
}

describe('a report of Stryker', () => {
  test('says of each mutant where it stands, what it changes and whether it was killed', () => {
    expect(triedOf(report(mutant('Survived')))).toEqual([
      { file: 'slot', line: 2, text: 'a > b', replacement: 'a >= b', isKilled: false },
    ])
  })

  test.each([
    ['Killed', [true]],
    ['Timeout', [true]],
    ['Survived', [false]],
    ['NoCoverage', [false]],
    ['Ignored', []],
    ['CompileError', []],
  ])('%s counts as %j', (status, expected) => {
    expect(triedOf(report(mutant(status))).map(({ isKilled }) => isKilled)).toEqual(expected)
  })

  test('in another shape is an error, not an empty one', () => {
    const lost = { ...mutant('Killed'), location: undefined }
    for (const found of [{}, null, { files: { a: {} } }, report(lost)])
      expect(() => triedOf(found)).toThrow('in another shape')
  })
})

const killed: Tried = { file: 'b', line: 1, text: 'x', replacement: 'y', isKilled: true }
const hole: Tried = { ...killed, replacement: 'z', isKilled: false }
const other: Tried = { ...killed, file: 'a' }

describe('the score', () => {
  test('is for each file, and for all', () => {
    const tried = [killed, hole, other]
    expect(scoresOf(tried)).toEqual([
      { name: 'a', killed: 1, survived: 0 },
      { name: 'b', killed: 1, survived: 1 },
    ])
    expect(percentOf(scoreOf('all', tried))).toBeCloseTo(66.67)
    expect(percentOf(scoreOf('none', []))).toBe(0)
  })

  test('is a table with one line for each file', () => {
    const [head, ...lines] = tableOf(scoresOf([killed, hole]))
    expect(head?.split(/ +/)).toEqual(['file', 'mutants', 'killed', 'survived', 'score'])
    expect(lines.map((line) => line.split(/ +/))).toEqual([['b', '2', '1', '1', '50.00']])
  })
})

describe('a mutant that survives', () => {
  const known = { file: 'b', text: 'x', replacement: 'z', why: 'Nobody can notice.' }

  test('has failed', () => {
    const { holes, tally } = judge([killed, hole], [])
    expect(holes).toEqual([hole])
    expect(tally).toEqual({ passed: 1, failed: 1, skipped: 0 })
  })

  test('is skipped where it is known why nobody can notice it', () => {
    const { holes, explained, tally } = judge([killed, hole], [known])
    expect([holes, explained]).toEqual([[], [known]])
    expect(tally).toEqual({ passed: 1, failed: 0, skipped: 1 })
  })

  test('needs its explanation for itself: one of another file or mutant is no help', () => {
    for (const wrong of [{ file: 'a' }, { text: 'xx' }, { replacement: 'y' }])
      expect(judge([other, hole], [{ ...known, ...wrong }]).holes).toEqual([hole])
  })

  test('is not explained any more once it is killed', () => {
    const judged = judge([{ ...hole, isKilled: true }], [known])
    expect(judged.stale).toEqual([known])
    expect(judged.tally).toEqual({ passed: 1, failed: 1, skipped: 0 })
  })

  test('leaves the explanations of files that were not tried alone', () => {
    expect(judge([other], [known]).tally).toEqual({ passed: 1, failed: 0, skipped: 0 })
  })
})
