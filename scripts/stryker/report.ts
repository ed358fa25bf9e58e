/** A mutant that was tried. */
export interface Tried {
  /** Name of the file in `domain/`, without `.ts`. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** What stands in the source, and what the mutant had in its place. */
  readonly text: string
  readonly replacement: string
  readonly isKilled: boolean
}

/**
 * Statuses of mutation-testing-report-schema. A mutant that makes tests hang is noticed. Any other
 * was not tried: `Ignored` is a mutant of a constant.
 */
const IS_KILLED = new Map<unknown, boolean>([
  ['Killed', true],
  ['Timeout', true],
  ['Survived', false],
  ['NoCoverage', false],
])

/**
 * Every mutant that was tried, from Stryker's JSON report, in its order.
 * @throws when it is none: nothing may count as tried then
 */
export function triedOf(report: unknown): readonly Tried[] {
  return Object.entries(recordOf(recordOf(report)['files'])).flatMap(([path, found]) => {
    const { source, mutants } = recordOf(found)
    if (typeof source !== 'string' || !Array.isArray(mutants)) throw broken(path)
    const file = path.replace(/^.*\/|\.ts$/g, '')
    return mutants.flatMap((mutant: unknown) => triedIn(file, source, recordOf(mutant)))
  })
}

function triedIn(
  file: string,
  source: string,
  { status, location, replacement }: Readonly<Record<string, unknown>>,
): readonly Tried[] {
  const isKilled = IS_KILLED.get(status)
  if (isKilled === undefined) return []
  if (typeof replacement !== 'string') throw broken(file)
  const { start, end } = recordOf(location)
  const [from, to] = [recordOf(start), recordOf(end)]
  const text = source.slice(offsetOf(source, from), offsetOf(source, to))
  return [{ file, line: numberOf(from['line']), text, replacement, isKilled }]
}

/** Lines and columns count from 1. */
function offsetOf(source: string, { line, column }: Readonly<Record<string, unknown>>): number {
  const before = source.split('\n').slice(0, numberOf(line) - 1)
  return before.reduce((sum, text) => sum + text.length + 1, 0) + numberOf(column) - 1
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw broken('a location')
  return value
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw broken('an object')
  return { ...value }
}

function broken(what: string): Error {
  return new Error(`the report of Stryker has ${what} in another shape`)
}
