/** How large things may be. */
import { isProduct, isTypeScript } from './source.ts'
import type { FileRule, ProjectRule, Source } from './source.ts'
import { child, children, syntaxOf } from './syntax.ts'
import type { Node } from './syntax.ts'
import { isSuiteOrCase } from './tests.ts'

/** The limits, in lines except `columns`. */
export const LIMITS = {
  file: 300,
  function: 60,
  columns: 100,
  medianFile: 100,
  p90Function: 35,
} as const

/** No file longer than the limit, tests included. */
export const fileSize: FileRule = {
  name: 'file-size',
  check: ({ path, lines }) =>
    isTypeScript(path) && lines.length > LIMITS.file
      ? [{ line: 1, message: `has ${lines.length} lines, more than ${LIMITS.file}` }]
      : [],
}

/** No line longer than the limit, unless a URL makes it so. */
export const lineLength: FileRule = {
  name: 'line-length',
  check: ({ path, lines }) =>
    lines.flatMap((line, index) =>
      isTypeScript(path) && line.length > LIMITS.columns && !/https?:\/\/\S{40}/.test(line)
        ? [{ line: index + 1, message: `has ${line.length} columns, more than ${LIMITS.columns}` }]
        : [],
    ),
}

/** No function longer than the limit. A `describe` is a folder, not a function. */
export const functionSize: FileRule = {
  name: 'function-size',
  check: (source) =>
    functionsOf(source)
      .filter(({ size }) => size > LIMITS.function)
      .map(({ line, size }) => ({
        line,
        message: `the function has ${size} lines, more than ${LIMITS.function}`,
      })),
}

/** The budgets over all sources of the packages, without tests and testkit. */
export const budgets: ProjectRule = {
  name: 'budgets',
  check: (sources) => {
    const measured = measure(sources)
    const over = (what: string, value: number, limit: number) =>
      value > limit ? [{ path: 'packages', line: 1, message: `${what}: ${value} > ${limit}` }] : []
    return [
      ...over('median lines of a source file', measured.medianFile, LIMITS.medianFile),
      ...over('90th percentile of function lines', measured.p90Function, LIMITS.p90Function),
    ]
  },
}

/** What {@link budgets} compares with the limits, and how much there is of it. */
export interface Measured {
  readonly files: number
  readonly medianFile: number
  readonly functions: number
  readonly p90Function: number
}

/** Measures the sources of the packages, without tests and testkit. */
export function measure(sources: readonly Source[]): Measured {
  const own = sources.filter(({ path }) => isProduct(path))
  const functions = own.flatMap((source) => functionsOf(source).map(({ size }) => size))
  return {
    files: own.length,
    medianFile: percentile(
      own.map(({ lines }) => lines.length),
      0.5,
    ),
    functions: functions.length,
    p90Function: percentile(functions, 0.9),
  }
}

/** The nearest-rank percentile; 0 of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

function functionsOf(source: Source): readonly { line: number; size: number }[] {
  if (!isTypeScript(source.path)) return []
  const { nodes, lineOf } = syntaxOf(source)
  return nodes
    .filter((node) => FUNCTIONS.has(node.type) && !isFolder(node))
    .map((node) => ({
      line: lineOf(node.start),
      size: lineOf(node.end - 1) - lineOf(node.start) + 1,
    }))
}

/** A function whose own statements declare tests is a folder, not a function. */
function isFolder(node: Node): boolean {
  return children(child(node, 'body'), 'body').some((statement) => {
    const call = child(statement, 'expression')
    return call?.type === 'CallExpression' && isSuiteOrCase(child(call, 'callee'))
  })
}
