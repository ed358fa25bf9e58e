/** Rules about tests. */
import { holdsTests, isTypeScript } from './source.ts'
import type { FileRule, Source } from './source.ts'
import { child, children, nameOf, syntaxOf } from './syntax.ts'
import type { Node } from './syntax.ts'

const SUITES = new Set(['describe', 'suite'])
const CASES = new Set(['it', 'test'])
const SWITCHES = new Set(['skip', 'only', 'todo', 'fails'])

/** No test is switched off, and none runs alone. `skipIf` says its reason and may stay. */
export const switchedOff: FileRule = {
  name: 'switched-off',
  check: (source) => {
    if (!holdsTests(source.path) || !isTypeScript(source.path)) return []
    const { nodes, lineOf } = syntaxOf(source)
    return nodes
      .filter(
        (node) =>
          node.type === 'MemberExpression' &&
          SWITCHES.has(nameOf(child(node, 'property'))) &&
          isSuiteOrCase(child(node, 'object')),
      )
      .map((node) => ({
        line: lineOf(node.start),
        message: `${nameOf(child(node, 'property'))}: every test runs, or says why it cannot here`,
      }))
  },
}

/** True for `test`, `describe.each(…)` and the like. */
export function isSuiteOrCase(node: Node | undefined): boolean {
  const name = rootName(node)
  return SUITES.has(name) || CASES.has(name)
}

/** The first name of `test.each(…)`, of `describe.concurrent`, of `test`. */
function rootName(node: Node | undefined): string {
  let at = node
  while (at && at.type !== 'Identifier')
    at = child(at, 'object') ?? child(at, 'callee') ?? child(at, 'tag')
  return nameOf(at)
}

/** A test's name says what holds, in the present tense, and is the only one of its file. */
export const testNames: FileRule = {
  name: 'test-names',
  check: (source) => {
    if (!holdsTests(source.path) || !isTypeScript(source.path)) return []
    const seen = new Map<string, number>()
    return casesOf(source).flatMap(({ full, name, line }) => {
      const first = seen.get(full)
      if (first !== undefined) return [{ line, message: `same name as on line ${first}: ${name}` }]
      seen.set(full, line)
      return /\bshould\b/i.test(name)
        ? [{ line, message: `say what holds, without "should": ${name}` }]
        : []
    })
  },
}

/** One call of `test` or `it`. */
export interface Case {
  readonly name: string
  /** With the names of the suites around it. */
  readonly full: string
  readonly line: number
}

/** The tests of a file. A name that is computed cannot be judged and is left out. */
export function casesOf(source: Source): readonly Case[] {
  const { nodes, parents, lineOf } = syntaxOf(source)
  return nodes.flatMap((node) => {
    if (node.type !== 'CallExpression' || !CASES.has(rootName(child(node, 'callee')))) return []
    const name = titleOf(node)
    if (name === undefined) return []
    const around: string[] = []
    for (let at = parents.get(node); at; at = parents.get(at))
      if (at.type === 'CallExpression' && SUITES.has(rootName(child(at, 'callee'))))
        around.unshift(titleOf(at) ?? String(at.start))
    return [{ name, full: [...around, name].join(' › '), line: lineOf(node.start) }]
  })
}

function titleOf(call: Node): string | undefined {
  const [first] = children(call, 'arguments')
  return first?.type === 'Literal' ? nameOf(first) : undefined
}
