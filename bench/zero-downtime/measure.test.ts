import { describe, expect, test } from 'vitest'
import type { Failure } from '../../packages/testkit/src/rig/consumer-session.ts'
import type { Sample } from './load/messages.ts'
import { figuresOf } from './measure.ts'

const login: Failure = { kind: 'login', code: '28P01' }

function pooled(at: number, ms: number, failure?: Failure): Sample {
  return { kind: 'pooled', at, ms, ...(failure && { failure }) }
}

function figures(samples: readonly Sample[], spans = [{ from: 100, to: 200 }]) {
  return figuresOf(samples, spans).find(({ load }) => load === 'pooled')!
}

describe('the figures of a load', () => {
  test('a request that overlaps a rotation at either end counts as during it', () => {
    const { during, outside } = figures([
      pooled(90, 9),
      pooled(95, 5),
      pooled(150, 10),
      pooled(200, 10),
      pooled(201, 10),
    ])
    expect(during.requests).toBe(3)
    expect(outside.requests).toBe(2)
  })

  test('a request that failed counts whenever it was, and has no latency', () => {
    const found = figures([pooled(10, 1, login), pooled(150, 900, login), pooled(20, 2)])
    expect(found.attempts).toBe(3)
    expect(found.failed).toBe(2)
    expect(found.failures).toEqual({ login: 2, connection: 0, statement: 0, transaction: 0 })
    expect(found.during).toEqual({ requests: 0, p50: 0, p99: 0 })
    expect(found.outside).toEqual({ requests: 1, p50: 2, p99: 2 })
  })

  test('percentiles are values of the nearest rank, and their ratio is during by outside', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => n + 1)
    const found = figures(
      [...hundred.map((ms) => pooled(1000, ms)), ...hundred.map((ms) => pooled(150, ms * 2))],
      [{ from: 140, to: 999 }],
    )
    expect(found.outside).toEqual({ requests: 100, p50: 50, p99: 99 })
    expect(found.ratio).toEqual({ p50: 2, p99: 2 })
  })

  test('a kind of load without requests has figures that are zero', () => {
    expect(figuresOf([], [])).toHaveLength(3)
    expect(figures([])).toMatchObject({ attempts: 0, ratio: { p50: 0, p99: 0 } })
  })
})
