import { expect, test } from 'vitest'
import type { Outcome } from '../../engine/result.ts'
import { exitCode, summary } from './emergency.ts'
import type { Part, Proof } from './emergency.ts'

const PROVEN: Proof = { live: [], tried: 2, untried: 0 }

function part(name: string, outcome: Outcome, proof: Proof = PROVEN): Part {
  const told = { what: '', state: '', todo: '', actions: [], failures: [], durationMs: 1 }
  return { name, result: { outcome, target: name, ...told }, proof }
}

function ending(...parts: readonly Part[]): readonly unknown[] {
  const told = summary(parts, [])
  return [told.outcome, exitCode(told)]
}

const DONE = part('app.admin', 'rotated')

test('an emergency is over when everything was rotated and nothing that leaked logs in', () => {
  expect(ending(DONE, part('app', 'rotated'))).toEqual(['rotated', 0])
})

test('a credential that still logs in is worse than one that could not be tried', () => {
  const live = { ...PROVEN, live: [{ username: 'app_a', endpoint: 'db:5432' }] }
  const unproven = { ...PROVEN, tried: 0, unproven: 'The database could not be reached.' }
  expect(ending(DONE, part('app', 'rotated', live))).toEqual(['still-accepted', 3])
  expect(ending(DONE, part('app', 'rotated', unproven))).toEqual(['unproven', 5])
  expect(ending(part('app.admin', 'rotated', unproven), part('app', 'rotated', live))).toEqual([
    'still-accepted',
    3,
  ])
})

test('what could not be tried is named with its target', () => {
  const unproven = { ...PROVEN, unproven: 'The database could not be reached.' }
  expect(summary([DONE, part('app', 'rotated', unproven)], []).unproven).toEqual([
    { target: 'app', what: 'The database could not be reached.' },
  ])
})

test('where nothing was begun the exit code says so, and where the admin is done, half-way', () => {
  expect(ending(part('app', 'locked'))).toEqual(['locked', 6])
  expect(ending(part('app.admin', 'failed'), part('app', 'failed'))).toEqual(['failed', 1])
  expect(ending(DONE, part('app', 'failed'))).toEqual(['failed', 5])
  expect(ending(DONE, part('app', 'locked'))).toEqual(['locked', 5])
})

test('what a person must look at stays so, whatever is done', () => {
  expect(ending(DONE, part('app', 'refused'))).toEqual(['refused', 3])
  expect(ending(DONE, part('app', 'backed-out'))).toEqual(['backed-out', 4])
})
