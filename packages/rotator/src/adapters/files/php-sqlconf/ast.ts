import { Engine } from 'php-parser'
import { RotatorError } from '../../../errors.ts'

/** A node of php-parser's tree, as far as we look at it. */
export interface PhpNode {
  readonly kind: string
  readonly loc: {
    readonly start: { readonly line: number; readonly offset: number }
    readonly end: { readonly offset: number }
  }
  readonly [property: string]: unknown
}

/**
 * Parses a file that is given with one character per byte: PHP itself works on bytes, so names and
 * strings mean the same, and offsets are byte offsets. Short open tags are taken, as PHP does by
 * default (`short_open_tag`).
 * @throws ERR_TARGET_UNPARSABLE with the line; never with the parser's text, which may quote values
 */
export function parsePhp(source: string, path: string): PhpNode {
  const engine = new Engine({
    parser: { extractDoc: false, suppressErrors: false, version: '8.5' },
    ast: { withPositions: true },
    lexer: { short_tags: true },
  })
  let program: unknown
  try {
    program = engine.parseCode(source, path)
  } catch (error) {
    throw unparsable(path, lineOf(error), 'PHP syntax error')
  }
  if (!isNode(program)) throw unparsable(path, 1, 'PHP syntax error')
  const statements = nodesIn(program, 'children')
  if (statements.every(({ kind }) => kind === 'inline')) throw unparsable(path, 1, 'no PHP code')
  const open = unfinished(statements.at(-1), source)
  if (open) throw unparsable(path, open.loc.start.line, 'PHP syntax error')
  return program
}

/** php-parser takes a last statement without its end; PHP does not. */
function unfinished(last: PhpNode | undefined, source: string): PhpNode | undefined {
  if (last?.kind !== 'expressionstatement') return undefined
  const { start, end } = last.loc
  const isFinished = source.slice(start.offset, end.offset).endsWith(';')
  return isFinished || source.slice(end.offset).includes('?>') ? undefined : last
}

function unparsable(path: string, line: number, problem: string): RotatorError {
  return new RotatorError('ERR_TARGET_UNPARSABLE', { path, line, problem })
}

function lineOf(error: unknown): number {
  const line = error instanceof Error && 'lineNumber' in error ? error.lineNumber : undefined
  return typeof line === 'number' ? line : 1
}

/** True for a node with a position; php-parser's identifiers and comments have them too. */
function isNode(value: unknown): value is PhpNode {
  return typeof value === 'object' && value !== null && 'kind' in value && 'loc' in value
}

/** The node under a property, if there is one. */
export function nodeIn(node: PhpNode, property: string): PhpNode | undefined {
  const value = node[property]
  return isNode(value) ? value : undefined
}

/** The nodes under a property: a list's, a single node as a list of one, otherwise none. */
export function nodesIn(node: PhpNode, property: string): readonly PhpNode[] {
  const value = node[property]
  if (Array.isArray(value)) return value.filter(isNode)
  return isNode(value) ? [value] : []
}

/** All direct children. */
export function childrenOf(node: PhpNode): readonly PhpNode[] {
  return Object.keys(node).flatMap((property) =>
    property === 'loc' ? [] : nodesIn(node, property),
  )
}

/** A property that is text, as a variable's name; undefined for `$$name`. */
export function textIn(node: PhpNode | undefined, property: string): string | undefined {
  const value = node?.[property]
  return typeof value === 'string' ? value : undefined
}
