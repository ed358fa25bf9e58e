// Goal: docs/openemr-runbook.md promises nothing that no test shows. Method: every test that the
// page names is looked for in the sources of the tests.
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const PAGE = readFileSync(
  fileURLToPath(new URL('../../../docs/openemr-runbook.md', import.meta.url)),
)

/** Tests say first which statement they show: `T63 R14 what the circuit breaker gives up …`. */
function plain(name: string): string {
  return name.replace(/^(?:[A-Z]\d+ )+/, '')
}

/** What stands between backticks in the last cell of each row, and behind `Test:`. */
function namesIn(page: string): readonly string[] {
  const lines = page.split('\n')
  const rows = lines.filter((line) => /^\| (?!---)/.test(line) && !line.endsWith('| Test |'))
  const cells = rows.map((row) => row.split(' | ').at(-1) ?? '')
  const notes = lines.filter((line) => line.startsWith('Test: '))
  return [...cells, ...notes].flatMap((text) => {
    const names = [...text.matchAll(/`([^`]+)`/g)].flatMap(([, name]) => name ?? [])
    return names.length === 0 ? [`(no test in: ${text})`] : names
  })
}

/** The names of tests of the rotator, as they are written. */
function knownTests(): ReadonlySet<string> {
  const files = globSync('{src,test}/**/*.test.ts', { cwd: ROOT })
  const sources = files.map((file) => readFileSync(`${ROOT}${file}`, 'utf8'))
  const names = sources.flatMap((source) => [
    ...source.matchAll(/(?:\btest|\]|\)|\btest\.\w+\([^()]*\))\(\s*['`]([^'`]+)['`],/g),
  ])
  return new Set(names.flatMap(([, name]) => (name === undefined ? [] : plain(name))))
}

test('every row of the runbook of OpenEMR names a test that exists', () => {
  const names = namesIn(PAGE.toString('utf8'))
  expect(names.length).toBeGreaterThan(30)
  const known = knownTests()
  expect(names.filter((name) => !known.has(plain(name)))).toEqual([])
})

test('a row that names no test, or one that is not there, is found', () => {
  const page = '| a | b |\n| --- | --- |\n| x | nothing |\n| y | `no such test` |\nTest: `another`'
  expect(namesIn(page)).toEqual([
    '(no test in: b |)',
    '(no test in: nothing |)',
    'no such test',
    'another',
  ])
  expect(knownTests().has('no such test')).toBe(false)
})
