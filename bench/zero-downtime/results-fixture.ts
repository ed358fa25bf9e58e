import { SHAPE } from './load/shape.ts'
import type { LoadKind } from './load/shape.ts'
import type { LoadFigures } from './measure.ts'
import type { Results, StrategyResult } from './results.ts'

function figures(load: LoadKind, failed: number): LoadFigures {
  return {
    load,
    attempts: 100,
    failed,
    failures: { login: failed, connection: 0, statement: 0, transaction: 0 },
    outside: { requests: 50, p50: 2, p99: 20 },
    during: { requests: 50, p50: 3, p99: 40 },
    ratio: { p50: 1.5, p99: 2 },
  }
}

/** A result of 300 requests of which `failed` logins were refused, for tests. */
export function resultOf(own: boolean, failed: number): StrategyResult {
  const rows = { found: 100, expected: 100 }
  return {
    ...{ date: '2026-01-01', loadAverage: 1.5 },
    ...{ engine: 'postgres', version: '18.4', own, rotations: 10, rotationMs: 1000 },
    strategy: own ? 'cuedot-alternating' : 'one-user',
    title: own ? 'cuedot & <users>' : 'one user',
    ...{ attempts: 300, failed },
    loads: [figures('connect', failed), figures('pooled', 0), figures('long', 0)],
    rows: { connect: rows, pooled: rows, long: rows },
    loopDelay: { p50: 0.1, p99: 2, max: 9 },
    heldBack: 7,
  }
}

/** Results of one run, for tests. */
export function resultsOf(results: readonly StrategyResult[]): Results {
  return {
    command: 'npm run bench:zero-downtime',
    machine: { cpu: 'a CPU', cores: 2, memoryGiB: 4, os: 'Linux 6', node: 'v24' },
    load: SHAPE,
    clockMs: 500,
    jobMs: 1440,
    results,
  }
}
