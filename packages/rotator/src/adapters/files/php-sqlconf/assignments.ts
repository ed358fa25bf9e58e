import { RotatorError } from '../../../errors.ts'
import { nodeIn, nodesIn, textIn } from './ast.ts'
import type { PhpNode } from './ast.ts'
import { ARRAY, FIELDS, formOf, keyOf, nameOf } from './names.ts'
import type { Form } from './names.ts'
import { findOtherWrite, mayLeave } from './other-writes.ts'

/** One value given to one form, unconditionally and at the top of the file. */
export interface Assignment extends Form {
  /** `$pass` or `$sqlconf["pass"]`. */
  readonly name: string
  readonly line: number
  readonly value: PhpNode
}

/**
 * All assignments of the ten forms, in the file's order.
 * @throws ERR_TARGET_AMBIGUOUS when a form is given twice, or in any way other than a plain
 *   assignment at the top of the file; ERR_TARGET_NOT_LITERAL when `$sqlconf` is no array literal
 */
export function assignmentsIn(program: PhpNode, path: string): readonly Assignment[] {
  const found: Assignment[] = []
  let arraySeen = false
  let left = false
  for (const statement of topLevel(program)) {
    const assign = plainAssignment(statement)
    const other = findOtherWrite(assign ? nodeIn(assign, 'right') : statement, found.length > 0)
    if (other) throw ambiguous(path, other.line, other.what)
    left ||= mayLeave(statement)
    if (!assign) continue
    if (left) throw ambiguous(path, assign.loc.start.line, 'code before it may leave the file')
    const isWhole = isArray(nodeIn(assign, 'left'))
    if (isWhole && (arraySeen || found.some(({ form }) => form === 'element')))
      throw ambiguous(path, assign.loc.start.line, `$${ARRAY} is given more than once`)
    arraySeen ||= isWhole
    const given = isWhole ? elementsOf(assign, path) : single(assign)
    for (const one of given) add(found, one, path)
  }
  return found
}

function add(found: Assignment[], one: Assignment, path: string): void {
  if (found.some(({ name }) => name === one.name))
    throw ambiguous(path, one.line, `${one.name} is given more than once`)
  found.push(one)
}

/** Statements that always run, in order: braces and namespaces are looked through. */
function topLevel(node: PhpNode): readonly PhpNode[] {
  return nodesIn(node, 'children').flatMap((child) =>
    ['namespace', 'block', 'declare'].includes(child.kind) ? topLevel(child) : [child],
  )
}

/** The assignment `… = …;` of a statement, where its left side is ours. */
function plainAssignment(statement: PhpNode): PhpNode | undefined {
  const assign =
    statement.kind === 'expressionstatement' ? nodeIn(statement, 'expression') : undefined
  if (assign?.kind !== 'assign' || assign['operator'] !== '=') return undefined
  const left = nodeIn(assign, 'left')
  return isArray(left) || formOf(left) ? assign : undefined
}

function isArray(node: PhpNode | undefined): boolean {
  return node?.kind === 'variable' && textIn(node, 'name') === ARRAY
}

function single(assign: PhpNode): readonly Assignment[] {
  const form = formOf(nodeIn(assign, 'left'))
  const value = nodeIn(assign, 'right')
  if (!form || !value) return []
  return [{ ...form, name: nameOf(form), line: assign.loc.start.line, value }]
}

function elementsOf(assign: PhpNode, path: string): readonly Assignment[] {
  const array = nodeIn(assign, 'right')
  if (array?.kind !== 'array')
    throw new RotatorError('ERR_TARGET_NOT_LITERAL', {
      path,
      line: assign.loc.start.line,
      what: `$${ARRAY} is not an array literal`,
    })
  return nodesIn(array, 'items').flatMap((item) => elementOf(item, path))
}

function elementOf(item: PhpNode, path: string): readonly Assignment[] {
  if (item['unpack'] === true || item.kind === 'variadic' || item['byRef'] === true)
    throw ambiguous(path, item.loc.start.line, `$${ARRAY} is put together from other values`)
  const keyNode = item.kind === 'entry' ? nodeIn(item, 'key') : undefined
  if (!keyNode) return []
  const key = keyOf(keyNode)
  if (key === undefined) throw ambiguous(path, item.loc.start.line, `$${ARRAY} has a computed key`)
  const value = nodeIn(item, 'value')
  if (!FIELDS.has(key) || !value) return []
  const form: Form = { key, form: 'element' }
  return [{ ...form, name: nameOf(form), line: item.loc.start.line, value }]
}

function ambiguous(path: string, line: number, what: string): RotatorError {
  return new RotatorError('ERR_TARGET_AMBIGUOUS', { path, line, what })
}
