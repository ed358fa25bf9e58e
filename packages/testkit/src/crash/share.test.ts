import { expect, test } from 'vitest'
import { choose } from './share.ts'
import type { Share } from './share.ts'

/** 23 places with three points each. */
const points = Array.from({ length: 69 }, (_, index) => {
  return { label: `point ${index}`, place: `place ${Math.floor(index / 3)}` }
})
const fifth: Share = { of: 5, oneFault: false, seed: 1 }

test('a share is all points at one place in so many, rounded up, in their order', () => {
  const chosen = choose(points, 'postgres alternating', fifth)
  expect(new Set(chosen.map(({ place }) => place)).size).toBe(5)
  expect(chosen).toHaveLength(15)
  expect(points.filter((point) => chosen.includes(point))).toEqual(chosen)
  expect(choose(points.slice(0, 1), 'group', fifth)).toHaveLength(1)
  expect(choose(points, 'group', { ...fifth, of: 1 })).toEqual(points)
})

test('or one point at each of these places', () => {
  const all = choose(points, 'group', fifth)
  const ones = choose(points, 'group', { ...fifth, oneFault: true })
  expect(ones).toHaveLength(5)
  expect(ones.filter((point) => all.includes(point))).toEqual(ones)
  expect(new Set(ones.map(({ place }) => place)).size).toBe(5)
})

test('at no more places than that', () => {
  const all = choose(points, 'group', fifth)
  const some = choose(points, 'group', { ...fifth, most: 2 })
  expect(new Set(some.map(({ place }) => place)).size).toBe(2)
  expect(some.filter((point) => all.includes(point))).toEqual(some)
  expect(choose(points, 'group', { ...fifth, most: 100 })).toEqual(all)
})

test('the seed decides which, in each group for itself', () => {
  const labels = (group: string, seed: number): string =>
    choose(points, group, { ...fifth, seed })
      .map(({ label }) => label)
      .join()
  expect(labels('a', 1)).toBe(labels('a', 1))
  expect(labels('a', 1)).not.toBe(labels('a', 2))
  expect(labels('a', 1)).not.toBe(labels('b', 1))
})

test.each([false, true])(
  'every point is drawn by one of some seeds, one a place: %s',
  (oneFault) => {
    const drawn = Array.from({ length: 200 }, (_, seed) => {
      return choose(points, 'group', { of: 5, oneFault, seed })
    })
    expect(new Set(drawn.flat()).size).toBe(points.length)
  },
)
