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
 * Why no case reaches a method that writes. A method that is reached all the same is an error: the
 * reason has gone.
 */
const UNREACHED: Readonly<Record<string, string>> = {
  'AdminSession.grantMissing': 'no case asks for missing privileges to be granted',
  'AdminSession.endSessions': 'no case is allowed to end sessions',
  'AdminSession.moveOwnership': 'no case adopts a user that owns things',
  'CredentialOwner.rotate': 'no case has a credential that somebody else owns',
}

/** A line of the report; wrong lines fail the lane. */
interface Line {
  readonly text: string
  readonly wrong: boolean
}

/** Which methods that write no case has reached, and why; only judged when all cases have run. */
export function writesReached(
  engines: readonly EngineResult[],
  only: { readonly engine?: string | undefined; readonly strategy?: string | undefined },
): readonly Line[] {
  const methods = portMethods()
  const reached = new Set(
    engines.flatMap(({ calls }) => [...calls]).map((call) => methods.get(generic(call))),
  )
  const writes = [...methods].filter(([path]) => isWrite(path)).map(([, method]) => method)
  const whole = only.engine === undefined && only.strategy === undefined
  return [...new Set(writes)].flatMap((method): readonly Line[] => {
    const why = UNREACHED[method]
    if (reached.has(method))
      return why === undefined ? [] : [{ text: `${method} is reached now`, wrong: true }]
    // A part of the lane says nothing about what the rest of it reaches.
    if (!whole) return []
    const text = `crash: no run reached ${method}: ${why ?? 'no reason is known'}`
    return [{ text, wrong: why === undefined }]
  })
}

/** The nth config target is one like any other. */
function generic(call: string): string {
  return call.replaceAll(/\.\d+\./g, '.*.')
}
