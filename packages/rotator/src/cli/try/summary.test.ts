import { expect, test } from 'vitest'
import { Recorder } from './recorder.ts'
import type { Sample } from './requests.ts'
import type { RotationRow } from './scenario.ts'
import { problemsOf, summaryText } from './summary.ts'
import type { Summary } from './summary.ts'

const ROW: RotationRow = {
  number: 1,
  title: 'undisturbed',
  outcome: 'rotated',
  user: 'app_b',
  ageMs: 4900,
  durationMs: 5700,
}

function summaryOf(samples: readonly Sample[], change: Partial<Summary> = {}): Summary {
  const recorder = new Recorder()
  recorder.take(samples)
  const rest = { rows: [ROW], stillOpen: [], svg: '/tmp/t.svg', seed: 7, durationMs: 41_000 }
  return { recorder, visits: recorder.served, ...rest, ...change }
}

const served = (ms: number): Sample => ({ at: Date.now(), kind: 'fresh', ms, user: 'app_a' })

test('nothing is wrong when every request was served and every rotation ended as it must', () => {
  expect(problemsOf(summaryOf([served(1), served(2)]))).toEqual([])
})

test('each way in which requests failed is a problem, with its count', () => {
  const failed: Sample = { at: Date.now(), kind: 'long', ms: 3, error: 'status 500 28P01' }
  expect(problemsOf(summaryOf([served(1), failed, failed]))).toEqual(['2 failed: status 500 28P01'])
})

test('a rotation that ended otherwise than it must is a problem', () => {
  const rows = [ROW, { ...ROW, number: 2, problem: 'ended with 0 and not 4:\n' }]
  expect(problemsOf(summaryOf([served(1)], { rows }))).toEqual([
    'Rotation 2 ended with 0 and not 4:\n',
  ])
})

test('a request that was served and wrote no row is a problem', () => {
  expect(problemsOf(summaryOf([served(1), served(2)], { visits: 1 }))).toEqual([
    '1 rows were written for 2 requests that were served',
  ])
})

test('a first password that still works is a problem', () => {
  expect(problemsOf(summaryOf([served(1)], { stillOpen: ['app_a'] }))).toEqual([
    'the first password of app_a still works',
  ])
})

test('the summary has user, age and time of each rotation, latencies, seed and path', () => {
  const samples = Array.from({ length: 100 }, (_, index) => served(index))
  const shown = summaryText(summaryOf(samples)).replaceAll(/ +/g, ' ')
  expect(shown).toContain('\n 1 undisturbed rotated app_b 4.9 s 5.7 s\n')
  expect(shown).toContain('\nfresh 100 0 50 / 99 ms -\n')
  expect(shown).toContain('\n100 requests served, 0 failed, 100 rows written, in 41 s.\n')
  expect(shown).toContain('/tmp/t.svg')
  expect(shown).toContain('CUEDOT_TRY_SEED')
})
