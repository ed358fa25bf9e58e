import { childrenOf, nodeIn, nodesIn, textIn } from './ast.ts'
import type { PhpNode } from './ast.ts'
import { ARRAY, FIELDS, formOf, keyOf, nameOf } from './names.ts'

/** A way in which code gives one of our values that no rewriter can follow. */
export interface OtherWrite {
  readonly line: number
  readonly what: string
}

/** Where the nodes that change variables keep what they change. */
const CHANGED: ReadonlyMap<string, readonly string[]> = new Map([
  ['assign', ['left']],
  ['assignref', ['left', 'right']],
  ['foreach', ['key', 'value']],
  ['pre', ['what']],
  ['post', ['what']],
  ['unset', ['variables']],
  ['static', ['variables']],
  ['catch', ['variable']],
])

/** Code that has its own variables; only `global` and by-reference captures reach ours. */
const SCOPES: ReadonlySet<string> = new Set(['function', 'method', 'closure', 'arrowfunc'])

/** Functions that give variables by names which stand elsewhere. */
const WRITERS: ReadonlySet<string> = new Set(['extract', 'parse_str'])

/**
 * The first write to one of our values within a node, other than a plain assignment at the top.
 * @param overrides - whether values were given before: only then does `include` matter, whose file
 *   may give them again.
 */
export function findOtherWrite(
  node: PhpNode | undefined,
  overrides: boolean,
): OtherWrite | undefined {
  if (!node) return undefined
  if (SCOPES.has(node.kind)) return findInScope(node)
  const what = changesOurs(node) ?? (overrides ? dynamicCode(node) : undefined)
  if (what !== undefined) return { line: node.loc.start.line, what }
  return first(childrenOf(node), (child) => findOtherWrite(child, overrides))
}

function findInScope(node: PhpNode): OtherWrite | undefined {
  const reached = [
    ...(node.kind === 'global' ? nodesIn(node, 'items') : []),
    ...(node.kind === 'closure'
      ? nodesIn(node, 'uses').filter((use) => use['byref'] === true)
      : []),
    ...(CHANGED.get(node.kind) ?? [])
      .flatMap((property) => nodesIn(node, property))
      .filter(isGlobalsElement),
  ]
  const what = first(reached, ours)
  if (what !== undefined)
    return { line: node.loc.start.line, what: `${what} is given in a function` }
  return first(childrenOf(node), findInScope)
}

function changesOurs(node: PhpNode): string | undefined {
  const changed = (CHANGED.get(node.kind) ?? []).flatMap((property) => nodesIn(node, property))
  const what = first(changed, ours)
  return what === undefined ? undefined : `${what} is given conditionally or computed`
}

/**
 * True when what follows a statement may not run although the program goes on. An `exit` in a
 * condition is the usual guard against direct calls and ends the whole program.
 */
export function mayLeave(statement: PhpNode): boolean {
  const isExit = nodeIn(statement, 'expression')?.kind === 'exit'
  return isExit || holdsJump(statement)
}

function holdsJump(node: PhpNode): boolean {
  if (SCOPES.has(node.kind)) return false
  return node.kind === 'return' || node.kind === 'goto' || childrenOf(node).some(holdsJump)
}

function dynamicCode(node: PhpNode): string | undefined {
  if (node.kind === 'include') return 'a file that is included later may give the values again'
  if (node.kind === 'eval') return 'evaluated code may give the values again'
  const name =
    node.kind === 'call' ? textIn(nodeIn(node, 'what'), 'name')?.toLowerCase() : undefined
  return name !== undefined && WRITERS.has(name.replace(/^\\/, ''))
    ? `${name}() may give the values again`
    : undefined
}

/** The name of ours that a changed expression reaches, if any. */
function ours(node: PhpNode): string | undefined {
  if (node.kind === 'list' || node.kind === 'array') return first(nodesIn(node, 'items'), ours)
  if (node.kind === 'entry') return first(nodesIn(node, 'value'), ours)
  if (node.kind === 'staticvariable') return first(nodesIn(node, 'variable'), ours)
  if (node.kind === 'variable') return oursByName(textIn(node, 'name'))
  if (node.kind !== 'offsetlookup') return undefined
  if (isGlobalsElement(node)) return oursByName(keyOf(nodeIn(node, 'offset')))
  const form = formOf(node)
  if (form) return nameOf(form)
  const what = nodeIn(node, 'what')
  if (textIn(what, 'name') !== ARRAY) return what && ours(what)
  // A key that is known and not one of the five is no concern of ours.
  return nodeIn(node, 'offset') && keyOf(nodeIn(node, 'offset')) === undefined
    ? `$${ARRAY} with a computed key`
    : undefined
}

function oursByName(name: string | undefined): string | undefined {
  if (name === undefined) return 'a variable with a computed name'
  return FIELDS.has(name) || name === ARRAY ? `$${name}` : undefined
}

function isGlobalsElement(node: PhpNode): boolean {
  return node.kind === 'offsetlookup' && textIn(nodeIn(node, 'what'), 'name') === 'GLOBALS'
}

function first<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
