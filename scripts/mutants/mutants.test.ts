import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../lib/run.ts'
import { MUTANTS } from './all.ts'
import { runGroup } from './group.ts'
import { isGreen, lanesOf, verdictOf } from './lanes.ts'
import { laneName, NotPlanted, plant, real, SIM, unit } from './mutant.ts'
import { headerOf, lineOf, widthsOf } from './table.ts'

const BUG = { name: 'n', harm: 'h', file: 'f', text: 'a + b', replacement: '$& - b', lane: SIM }

describe('a bug', () => {
  test('takes the place of its text, letter by letter', () => {
    expect(plant('x = a + b\n', BUG)).toBe('x = $& - b\n')
  })

  test.each([
    ['a - b', '0 times'],
    ['a + b; a + b', '2 times'],
  ])('is not planted in %j', (source, problem) => {
    expect(() => plant(source, BUG)).toThrow(NotPlanted)
    expect(() => plant(source, BUG)).toThrow(problem)
  })
})

describe('the planted bugs', () => {
  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'can be planted: %s',
    (_name, mutant) => {
      const source = readFileSync(join(ROOT, 'packages/rotator/src', mutant.file), 'utf8')
      expect(plant(source, mutant)).not.toBe(source)
    },
  )

  test('have names of their own and say in one sentence what they do', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
    for (const { harm } of MUTANTS) expect(harm).toMatch(/^[A-Z][^.]*(?:\.[a-z][^.]*)*\.$/)
  })
})

describe('a lane', () => {
  const ended = { hung: false, code: 1, output: '' }
  const failed = ' ✓ |unit| a.test.ts > x 1ms\n × |unit| a.test.ts > y > z 2ms\n'

  test.each([
    ['whose tests pass has let the bug live', unit('a'), { ...ended, code: 0 }, 'SURVIVED'],
    ['with a failed test has killed it', unit('a'), { ...ended, output: failed }, 'killed'],
    [
      'with a broken invariant has killed it',
      SIM,
      { ...ended, output: 'sim: seed 1\nsim: BROKEN {}\n' },
      'killed',
    ],
    [
      'that hangs with a failed test has killed it',
      unit('a'),
      { hung: true, code: null, output: failed },
      'killed',
    ],
    [
      'that hangs without a word shows nothing',
      SIM,
      { hung: true, code: null, output: '' },
      'hung',
    ],
    [
      'that ends badly without a failed test shows nothing',
      unit('a'),
      { ...ended, output: 'SyntaxError\n' },
      'crashed',
    ],
  ] as const)('%s', (_name, lane, result, verdict) => {
    expect(verdictOf(lane, result)).toBe(verdict)
  })

  test('is green only where something ran and all of it passed', () => {
    const passed = { ...ended, code: 0, output: ' ✓ |unit| a.test.ts > x 1ms\n' }
    expect(isGreen(unit('a'), passed)).toBe(true)
    expect(isGreen(unit('a'), { ...passed, output: 'No test files found\n' })).toBe(false)
    expect(isGreen(unit('a'), { ...passed, code: 1 })).toBe(false)
    expect(isGreen(SIM, { ...passed, output: 'sim: seed 1: 9 runs, 0 broken, 1 s\n' })).toBe(true)
  })

  test('is run once for all bugs together', () => {
    const lanes = [unit('a', 'b'), SIM, real('c'), unit('b'), SIM, { ...SIM, runs: 10 }]
    expect(lanesOf(lanes).map(laneName)).toEqual(['unit a b', 'sim --runs 9000', 'real c'])
  })
})

describe('the table', () => {
  test('has its columns below each other', () => {
    const rows = [
      { name: 'short', lane: 'unit x.test.ts', verdict: 'killed', seconds: 0.44 },
      { name: 'much longer', lane: 'sim', verdict: 'not planted', seconds: 123.4 },
    ] as const
    const widths = widthsOf(rows)
    expect([headerOf(widths), ...rows.map((row) => lineOf(row, widths))]).toEqual([
      'name         lane            verdict      seconds',
      'short        unit x.test.ts  killed           0.4',
      'much longer  sim             not planted    123.4',
    ])
  })
})

describe('a group of processes', () => {
  const options = { cwd: ROOT, env: process.env, limitMs: 60_000 }

  test('gives back its exit code and what it wrote', async () => {
    const argv = ['-e', "console.log('said'); process.exitCode = 3"]
    expect(await runGroup({ ...options, argv })).toEqual({ hung: false, code: 3, output: 'said\n' })
  })

  test('is ended as a whole after its limit', async () => {
    const child = "require('node:child_process').spawn(process.execPath, ['-e', LOOP], OPTIONS)"
    const loop = "console.log('x'); setInterval(() => 0, 1000)"
    const script = child
      .replace('LOOP', JSON.stringify(loop))
      .replace('OPTIONS', "{ stdio: 'inherit' }")
    const ended = await runGroup({ ...options, argv: ['-e', script], limitMs: 1000 })
    // Both hold our end of the output open: it closes only when both are gone.
    expect(ended).toMatchObject({ hung: true, code: null })
  })
})
