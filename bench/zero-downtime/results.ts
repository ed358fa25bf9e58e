import type { RigEngine } from '../../packages/testkit/src/rig/engine.ts'
import type { LoadEnd } from './load/messages.ts'
import type { LoadKind, SHAPE } from './load/shape.ts'
import type { LoadFigures } from './measure.ts'

/** What one strategy did on one server. */
export interface StrategyResult extends LoadEnd {
  readonly date: string
  /** Runnable processes of the machine, an average over the last minute of it. */
  readonly loadAverage: number
  readonly engine: RigEngine['engine']
  /** What the server says it is. */
  readonly version: string
  readonly strategy: string
  readonly title: string
  /** True for cuedot's own strategies. */
  readonly own: boolean
  readonly rotations: number
  /** Median duration of a rotation, in milliseconds. */
  readonly rotationMs: number
  readonly attempts: number
  readonly failed: number
  readonly loads: readonly LoadFigures[]
  /** Rows in the table, and rows that the served requests wrote: fewer would be lost writes. */
  readonly rows: Readonly<Record<LoadKind, { readonly found: number; readonly expected: number }>>
}

/** Where it was measured. */
export interface MachineFacts {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly os: string
  readonly node: string
}

/** `bench/results/zero-downtime.json`. */
export interface Results {
  readonly command: string
  readonly machine: MachineFacts
  /** The load, in requests a second and milliseconds. */
  readonly load: typeof SHAPE
  /** The fixed wait of the baseline that retires by the clock, and the longest job's least life. */
  readonly clockMs: number
  readonly jobMs: number
  readonly results: readonly StrategyResult[]
}

/** How people write the engines. */
export const ENGINE_TITLES: Readonly<Record<RigEngine['engine'], string>> = {
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
  mysql: 'MySQL',
}

/** Results of a later run stand in for those of the same databases. */
export function merged(
  earlier: readonly StrategyResult[],
  later: readonly StrategyResult[],
): readonly StrategyResult[] {
  const measured = new Set(later.map(({ engine }) => engine))
  const all = [...earlier.filter(({ engine }) => !measured.has(engine)), ...later]
  const order = Object.keys(ENGINE_TITLES)
  return all.toSorted((a, b) => order.indexOf(a.engine) - order.indexOf(b.engine))
}

/** What is not as it must be, one line each. Nothing that is timed is judged. */
export function problemsOf(results: readonly StrategyResult[]): readonly string[] {
  return results.flatMap(({ engine, strategy, own, failed, attempts, rows }) => {
    const where = `${engine}, ${strategy}`
    const lost = Object.entries(rows)
      .filter(([, { found, expected }]) => found < expected)
      .map(([load, { found, expected }]) => `${where}: ${load}: ${found} rows, not ${expected}`)
    const failures = own && failed > 0 ? [`${where}: ${failed} of ${attempts} failed`] : []
    const idle = attempts === 0 ? [`${where}: there was no load`] : []
    return [...failures, ...lost, ...idle]
  })
}
