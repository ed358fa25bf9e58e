import { expect, test } from 'vitest'
import type { CallPoint } from './channel.ts'
import { common } from './plain.ts'
import type { PlainRun } from './plain.ts'
import type { Exchanges } from './wire.ts'

const NONE = exchanges(0)

function exchanges(count: number): Exchanges {
  return { count, answered: new Set(Array.from({ length: count }, (_, index) => index + 1)) }
}

function run(counts: Readonly<Record<string, number>>, vault = 0): PlainRun {
  const calls = Object.entries(counts).map(([call, count]) => {
    const point: CallPoint = { call, nth: 1, round: 1, side: 'before' }
    return { point, database: exchanges(count), vault: NONE, owner: NONE, platform: NONE }
  })
  return { made: new Set(Object.keys(counts)), calls, requests: { vault, owner: 0 } }
}

test('an exchange that only one of two runs had is none that a fault can strike', () => {
  const both = common(run({ 'database.admin().end': 2, look: 3 }, 5), run({ look: 3 }, 4))
  expect(both.calls.map(({ database }) => database.count)).toEqual([2, 3])
  const shorter = run({ 'database.admin().end': 1 })
  const [end] = common(run({ 'database.admin().end': 2 }), shorter).calls
  expect(end?.database).toEqual(exchanges(1))
  expect(both.requests.vault).toBe(4)
})

test('a call that only one of two runs made is struck all the same', () => {
  const both = common(run({ poll: 1 }), run({ look: 1 }))
  expect(both.calls.map(({ point }) => point.call)).toEqual(['poll'])
  expect(both.made).toEqual(new Set(['poll', 'look']))
})
