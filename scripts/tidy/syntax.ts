/** The syntax tree of a source, for rules that must not be fooled by strings and comments. */
import { parseSync } from 'oxc-parser'
import type { Comment } from 'oxc-parser'
import type { Source } from './source.ts'

/** A node of the tree, as TS-ESTree has it. Read fields with {@link child} and {@link text}. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** A parsed source. `nodes` are in reading order, parents before children. */
export interface Syntax {
  readonly nodes: readonly Node[]
  readonly parents: ReadonlyMap<Node, Node>
  readonly comments: readonly Comment[]
  readonly errors: readonly string[]
  /** The line, from 1, on which an offset of the text stands. */
  readonly lineOf: (offset: number) => number
}

const parsed = new WeakMap<Source, Syntax>()

/** Parses once per source. */
export function syntaxOf(source: Source): Syntax {
  const known = parsed.get(source)
  if (known) return known
  const result = parseSync(source.path, source.text)
  const nodes: Node[] = []
  const parents = new Map<Node, Node>()
  if (isNode(result.program)) collect(result.program, nodes, parents)
  const syntax: Syntax = {
    nodes,
    parents,
    comments: result.comments,
    errors: result.errors.map((error) => error.message),
    lineOf: lineFinder(source.text),
  }
  parsed.set(source, syntax)
  return syntax
}

function collect(node: Node, nodes: Node[], parents: Map<Node, Node>): void {
  nodes.push(node)
  for (const value of Object.values(node))
    for (const item of Array.isArray(value) ? value : [value])
      if (isNode(item)) {
        parents.set(item, node)
        collect(item, nodes, parents)
      }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    const next = starts.findIndex((start) => start > offset)
    return next === -1 ? starts.length : next
  }
}

/** The node in a field, where there is one. */
export function child(node: Node | undefined, field: string): Node | undefined {
  const value = node?.[field]
  return isNode(value) ? value : undefined
}

/** The nodes in a field that holds a list. */
export function children(node: Node | undefined, field: string): readonly Node[] {
  const value = node?.[field]
  return Array.isArray(value) ? value.filter(isNode) : []
}

/** The name of an identifier; the value of a string; of a member its last part; else ''. */
export function nameOf(node: Node | undefined): string {
  if (node?.type === 'MemberExpression') return nameOf(child(node, 'property'))
  const name = node?.['name'] ?? node?.['value']
  return typeof name === 'string' ? name : ''
}

/** True for `object.property`, computed or not, where the object is a plain name. */
export function isMember(node: Node | undefined, object: string, property?: string): boolean {
  if (node?.type !== 'MemberExpression') return false
  const owner = child(node, 'object')
  if (owner?.type !== 'Identifier' || nameOf(owner) !== object) return false
  return property === undefined || nameOf(child(node, 'property')) === property
}

/** An import, re-export or `import()` of a module named by a literal. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean
  /** The names that are taken from it, as the module calls them. */
  readonly names: readonly string[]
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

/** Everything that a source imports, types included. */
export function importsOf(source: Source): readonly Import[] {
  const syntax = syntaxOf(source)
  return syntax.nodes
    .filter((node) => IMPORTING.has(node.type))
    .map((node) => {
      const kind = node['importKind'] ?? node['exportKind']
      return {
        specifier: nameOf(child(node, 'source')),
        line: syntax.lineOf(node.start),
        typeOnly: kind === 'type' || node.type === 'TSImportType',
        names: children(node, 'specifiers').map((specifier) =>
          nameOf(child(specifier, 'imported') ?? child(specifier, 'local')),
        ),
      }
    })
    .filter((found) => found.specifier !== '')
}
