/**
 * What `cuedot openemr` has to show, by number. A test that shows a statement begins its name with
 * it, as `T14 T16 …`:
 * - T1 to T81: what the tests of the tools state that it stands in for;
 * - E1 to E6: that nobody notices a rotation, end to end;
 * - R1 to R20: what those tools got wrong.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { projectFiles } from './lib/files.ts'
import { source } from './tidy/source.ts'
import { casesOf } from './tidy/tests.ts'

const COUNTS = { T: 81, E: 6, R: 20 }

/** Shown by no test, and why. */
const NOWHERE: Readonly<Record<string, string>> = {
  T75: 'a server that takes a login and answers SELECT 1 with anything but 1 cannot be had',
}

/** Of the T, those that cannot be seen from outside of `cuedot openemr`, and why. */
const INSIDE: Readonly<Record<string, string>> = {
  T12: 'health.test.ts: of a page that is not asked there is nothing to see',
  T13: 'status-line.test.ts: no error of ours has an empty message',
  T71: 'kubernetes-deployment.int.test.ts: Kubernetes itself fills replicas in',
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FILES = /^packages\/(?:rotator\/(?:src|test)|testkit\/src)\/.*\.ts$/
const OUTSIDE = /^packages\/rotator\/test\/openemr-[a-z]+\.int\.test\.ts$/

const ALL = Object.entries(COUNTS).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
)

/** The numbers with which a name begins. */
function numbersOf(name: string): readonly string[] {
  const [numbers = ''] = /^(?:[TER]\d+:? )*/.exec(name) ?? []
  return numbers.match(/[TER]\d+/g) ?? []
}

/** Statements, and the files with tests that show them. */
function shownBy(): ReadonlyMap<string, readonly string[]> {
  const shown = new Map<string, readonly string[]>()
  for (const path of projectFiles(ROOT).filter((file) => FILES.test(file)))
    for (const { name } of casesOf(source(path, readFileSync(`${ROOT}${path}`, 'utf8'))))
      for (const number of numbersOf(name)) shown.set(number, [...(shown.get(number) ?? []), path])
  return shown
}

describe('the statements about cuedot openemr', () => {
  const shown = shownBy()
  const isOutside = (number: string): boolean =>
    shown.get(number)?.some((path) => OUTSIDE.test(path)) === true

  test('stand each in the name of a test, or in the list of those that do not', () => {
    expect(ALL.filter((number) => !shown.has(number) && !(number in NOWHERE))).toEqual([])
    expect(Object.keys(NOWHERE).filter((number) => shown.has(number))).toEqual([])
  })

  test('of the tools’ own tests are shown from outside, or listed as not to be seen there', () => {
    const own = ALL.filter((number) => number.startsWith('T') && !(number in NOWHERE))
    expect(own.filter((number) => !isOutside(number) && !(number in INSIDE))).toEqual([])
    expect(Object.keys(INSIDE).filter((number) => isOutside(number))).toEqual([])
  })

  test('are read from the beginning of names alone', () => {
    expect(numbersOf('T14 T16 R8 finds it')).toEqual(['T14', 'T16', 'R8'])
    expect(numbersOf('R13: goes on')).toEqual(['R13'])
    expect(numbersOf('I1 goes on after T14 ')).toEqual([])
    const [only] = casesOf(source('a.test.ts', "describe('T1 a', () => test('T2 b', () => {}))"))
    expect(only?.name).toBe('T2 b')
  })
})
