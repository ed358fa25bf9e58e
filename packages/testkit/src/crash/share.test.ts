import { expect, test } from 'vitest'
import { choose } from './share.ts'

const points = Array.from({ length: 23 }, (_, index) => ({ label: `point ${index}` }))

test('a share is one point in so many of each group, rounded up, in their order', () => {
  const chosen = choose(points, 'postgres alternating kill', { of: 5, seed: 1 })
  expect(chosen).toHaveLength(5)
  expect(points.filter((point) => chosen.includes(point))).toEqual(chosen)
  expect(choose(points.slice(0, 1), 'group', { of: 5, seed: 1 })).toHaveLength(1)
  expect(choose(points, 'group', { of: 1, seed: 1 })).toEqual(points)
})

test('variants are drawn for themselves', () => {
  const mixed = points.map((point, index) => ({ ...point, variant: index >= 13 }))
  const chosen = choose(mixed, 'group', { of: 5, variantsOf: 10, seed: 1 })
  expect(chosen.filter(({ variant }) => !variant)).toHaveLength(3)
  expect(chosen.filter(({ variant }) => variant)).toHaveLength(1)
})

test('the seed decides which, in each group for itself', () => {
  const of = 5
  const labels = (group: string, seed: number): string =>
    choose(points, group, { of, seed })
      .map(({ label }) => label)
      .join()
  expect(labels('a', 1)).toBe(labels('a', 1))
  expect(labels('a', 1)).not.toBe(labels('a', 2))
  expect(labels('a', 1)).not.toBe(labels('b', 1))
})

test('every point is drawn by one of a few seeds', () => {
  const drawn = Array.from({ length: 60 }, (_, seed) => choose(points, 'group', { of: 5, seed }))
  expect(new Set(drawn.flat()).size).toBe(points.length)
})
