import { describe, expect, test } from 'vitest'
import { FILE_RULES, PROJECT_RULES, tidy } from './rules.ts'
import { DOMAIN, domain, ENGINE, inTest, lines, SAMPLES, SRC } from './samples.ts'
import type { Sample } from './samples.ts'
import { measure, percentile } from './sizes.ts'
import { source } from './source.ts'

const found = (rule: string, [path, text]: Sample): readonly string[] => {
  const check = FILE_RULES.find(({ name }) => name === rule)?.check
  if (!check) throw new Error(`there is no rule ${rule}`)
  return check(source(path, text)).map(({ line, message }) => `${line} ${message}`)
}

describe.each(Object.entries(SAMPLES))('%s', (rule, { fires, quiet }) => {
  test.each(fires)('rejects %s: %s', (path, text) => {
    expect(found(rule, [path, text])).not.toEqual([])
  })

  test.each(quiet)('accepts %s: %s', (path, text) => {
    expect(found(rule, [path, text])).toEqual([])
  })
})

test('every rule about one file has samples of both kinds', () => {
  expect(Object.keys(SAMPLES).toSorted()).toEqual(FILE_RULES.map(({ name }) => name).toSorted())
  for (const { fires, quiet } of Object.values(SAMPLES)) {
    expect(fires.length).toBeGreaterThan(0)
    expect(quiet.length).toBeGreaterThan(0)
  }
})

const inProject = (rule: string, samples: readonly Sample[]): readonly string[] => {
  const check = PROJECT_RULES.find(({ name }) => name === rule)?.check
  if (!check) throw new Error(`there is no rule ${rule}`)
  return check(samples.map(([path, text]) => source(path, text))).map(
    ({ path, message }) => `${path.split('/').at(-1) ?? ''}: ${message}`,
  )
}

describe('runbook', () => {
  const list = (text: string): Sample => [`${SRC}/steps/runbook.ts`, text]
  const step = (name: string): Sample => [`${SRC}/steps/${name}.ts`, `export const a = '${name}'`]
  const both = "import { open } from './open.ts'\nimport { set } from './set.ts'\n"

  test('accepts a runbook that names every step', () => {
    const files = [list(`${both}const RUNBOOK = { open, set }`), step('open'), step('set')]
    expect(inProject('runbook', [...files, step('step')])).toEqual([])
  })

  test('accepts that there is no runbook yet', () => {
    expect(inProject('runbook', [step('open')])).toEqual([])
  })

  test('finds a step that the runbook does not import', () => {
    const files = [list("import { open } from './open.ts'\nconst RUNBOOK = { open }")]
    expect(inProject('runbook', [...files, step('open'), step('set')])).toEqual([
      'set.ts: is not a step of runbook.ts',
    ])
  })

  test('finds a step that is imported and has no line', () => {
    const files = [list(`${both}const RUNBOOK = { open }`), step('open'), step('set')]
    expect(inProject('runbook', files)).toEqual([
      'runbook.ts: imports set.ts and has no line for it',
    ])
  })

  test('finds a line whose file is not there', () => {
    const files = [list(`${both}const RUNBOOK = { open, set }`), step('open')]
    expect(inProject('runbook', files)).toEqual(['runbook.ts: names set.ts, which is not there'])
  })
})

describe('budgets', () => {
  test('finds a median file and a 90th percentile function that are too long', () => {
    expect(inProject('budgets', [domain(`function f() {\n${lines(101)}}`)])).toEqual([
      'packages: median lines of a source file: 103 > 100',
      'packages: 90th percentile of function lines: 103 > 35',
    ])
  })

  test('leaves tests and the testkit out of the measure', () => {
    const long = lines(290)
    const files = [inTest(long), ['packages/testkit/src/a.ts', long] as const, domain('a()')]
    expect(inProject('budgets', files)).toEqual([])
    expect(measure(files.map(([path, text]) => source(path, text)))).toMatchObject({ files: 1 })
  })

  test('takes the nearest rank as the percentile', () => {
    expect(percentile([3, 1, 2], 0.5)).toBe(2)
    expect(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)).toBe(9)
    expect(percentile([], 0.5)).toBe(0)
  })
})

test('findings come sorted by place and name their rule', () => {
  const findings = tidy([source(ENGINE, '\nlet a:any'), source(DOMAIN, 'export default 1')])
  expect(findings.map(({ path, line, rule }) => `${path}:${line} ${rule}`)).toEqual([
    `${DOMAIN}:1 default-export`,
    `${ENGINE}:2 types`,
  ])
})
