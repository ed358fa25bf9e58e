import { decodePhpString } from './literal.ts'
import { nodeIn, textIn } from './ast.ts'
import type { PhpNode } from './ast.ts'
import type { Field } from '../../common/credential-fields.ts'

/**
 * OpenEMR's names for the five values, as variables and as keys of `$sqlconf`.
 * Source: OpenEMR's sites/default/sqlconf.php; up to 7.0 library/sql.inc.php reads the variables,
 * from 8.0 src/BC/DatabaseConnectionOptions.php reads the array.
 */
export const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['host', 'host'],
  ['port', 'port'],
  ['login', 'username'],
  ['pass', 'password'],
  ['dbase', 'dbname'],
])

/** The array that holds all five. */
export const ARRAY = 'sqlconf'

/** One of the two forms of a value: `$pass` or `$sqlconf["pass"]`. */
export interface Form {
  /** `host`, `port`, `login`, `pass` or `dbase`. */
  readonly key: string
  readonly form: 'variable' | 'element'
}

/** The form that an expression names, if it names one of the ten. */
export function formOf(node: PhpNode | undefined): Form | undefined {
  if (node?.kind === 'variable') {
    const key = textIn(node, 'name') ?? ''
    return FIELDS.has(key) ? { key, form: 'variable' } : undefined
  }
  if (node?.kind !== 'offsetlookup' || textIn(nodeIn(node, 'what'), 'name') !== ARRAY)
    return undefined
  const key = keyOf(nodeIn(node, 'offset'))
  return key !== undefined && FIELDS.has(key) ? { key, form: 'element' } : undefined
}

/** The text of a literal array key; undefined for a computed one. An integer is its digits. */
export function keyOf(node: PhpNode | undefined): string | undefined {
  if (node?.kind === 'number') return textIn(node, 'value')
  return node?.kind === 'string' ? decodePhpString(textIn(node, 'raw') ?? '') : undefined
}

/** How messages call a form. */
export function nameOf({ key, form }: Form): string {
  return form === 'variable' ? `$${key}` : `$${ARRAY}["${key}"]`
}
