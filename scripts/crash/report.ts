import type { FaultResult, EngineResult } from '../../packages/testkit/src/crash/lane.ts'
import { isWrite } from '../../packages/testkit/src/crash/writes.ts'
import { portMethods } from './port-methods.ts'

/** The points covered, a line for each engine, strategy, store and fault. */
export function table(results: readonly FaultResult[]): string {
  const rows = results.map((result) => [
    ...[result.engine, result.row, result.store, result.fault],
    ...[String(result.all), `${result.covered}/${result.chosen}`, String(result.broken.length)],
    `${result.seconds.toFixed(0)} s`,
  ])
  const header = ['engine', 'case', 'store', 'fault', 'points', 'covered', 'broken', 'time']
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [header, ...rows].map(line).join('\n')
}

/**
 * What only a rotation function calls: `visit.test.ts` strikes each of its calls in the simulator,
 * `lambda-killed.int.test.ts` kills its process.
 */
const OF_FUNCTIONS: ReadonlySet<string> = new Set(['Database.changeOwnPassword'])

/**
 * The methods that write and that no run has reached; each is an error. Only judged when all cases
 * have run: a part of the lane says nothing about what the rest of it reaches.
 */
export function writesUnreached(
  engines: readonly EngineResult[],
  only: { readonly engine?: string | undefined; readonly strategy?: string | undefined },
): readonly string[] {
  if (only.engine !== undefined || only.strategy !== undefined) return []
  const methods = portMethods()
  const reached = new Set(
    engines.flatMap(({ calls }) => [...calls]).map((call) => methods.get(generic(call))),
  )
  const writes = [...methods].filter(([path]) => isWrite(path)).map(([, method]) => method)
  return [...new Set(writes)].filter((method) => !reached.has(method) && !OF_FUNCTIONS.has(method))
}

/** The nth config target is one like any other. */
function generic(call: string): string {
  return call.replaceAll(/\.\d+\./g, '.*.')
}
