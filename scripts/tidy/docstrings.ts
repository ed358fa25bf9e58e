/** Every export says what it is. */
import { inRotator, isProduct } from './source.ts'
import type { FileRule } from './source.ts'
import { child, children, nameOf, syntaxOf } from './syntax.ts'
import type { Node } from './syntax.ts'

const DOCUMENTED = /^(ports|domain|engine|steps|adapters|config)\//

const mustBeDocumented = (path: string): boolean =>
  isProduct(path) && (path.startsWith('packages/client/') || DOCUMENTED.test(inRotator(path) ?? ''))

/** A docstring ends on the line above each exported declaration. Re-exports have theirs at home. */
export const docstrings: FileRule = {
  name: 'docstring',
  check: (source) => {
    if (!mustBeDocumented(source.path)) return []
    const { nodes, comments, lineOf } = syntaxOf(source)
    const documented = comments
      .filter(({ type, value }) => type === 'Block' && /^\*\s*[\s*]*\S/.test(value))
      .map(({ end }) => end)
    let previous = ''
    return nodes.filter(isExportedDeclaration).flatMap((node) => {
      const name = declaredName(node)
      const overload = name === previous
      previous = name
      const has = documented.some((end) => isJustBefore(source.text, end, node.start))
      return has || overload
        ? []
        : [{ line: lineOf(node.start), message: `export ${name} has no docstring above it` }]
    })
  },
}

const isExportedDeclaration = (node: Node): boolean =>
  node.type === 'ExportNamedDeclaration' && child(node, 'declaration') !== undefined

function declaredName(node: Node): string {
  const declaration = child(node, 'declaration')
  const [variable] = children(declaration, 'declarations')
  return nameOf(child(variable ?? declaration, 'id'))
}

function isJustBefore(text: string, end: number, start: number): boolean {
  return end <= start && /^\s*$/.test(text.slice(end, start))
}
