import { RotatorError } from '../../../errors.ts'
import { decodeUtf8, encodeUtf8 } from '../place.ts'
import type { Place } from '../place.ts'
import { assignmentsIn } from './assignments.ts'
import type { Assignment } from './assignments.ts'
import { parsePhp, textIn } from './ast.ts'
import { decodePhpString, encodePhpString } from './literal.ts'
import { FIELDS, formOf, nameOf } from './names.ts'

/**
 * The literals that hold OpenEMR's five values in a sqlconf.php (one character per byte).
 *
 * Each value may stand as `$pass = '…'`, as `$sqlconf["pass"] = '…'`, as a key of
 * `$sqlconf = ['pass' => '…']`, or in both forms; `$sqlconf["pass"] = $pass` follows by itself.
 * @throws ERR_TARGET_UNPARSABLE, ERR_TARGET_AMBIGUOUS, ERR_TARGET_NOT_LITERAL,
 *   ERR_TARGET_INCOMPLETE when one of the five has no literal
 */
export function locateSqlconf(source: string, path: string): readonly Place[] {
  const assignments = assignmentsIn(parsePhp(source, path), path)
  const places = assignments.flatMap((assignment, index) => {
    if (follows(assignment, assignments.slice(0, index))) return []
    return [placeOf(assignment, source, path)]
  })
  for (const [key, field] of FIELDS)
    if (!places.some((place) => place.field === field))
      throw new RotatorError('ERR_TARGET_INCOMPLETE', { path, what: `$${key}` })
  return places
}

/** True for `$sqlconf["pass"] = $pass` and its reverse, after the other has its value. */
function follows({ key, name, value }: Assignment, earlier: readonly Assignment[]): boolean {
  const source = formOf(value)
  if (!source || source.key !== key || nameOf(source) === name) return false
  return earlier.some((other) => other.name === nameOf(source))
}

function placeOf(assignment: Assignment, source: string, path: string): Place {
  const { key, name, line, value } = assignment
  const field = FIELDS.get(key)
  const start = value.loc.start.offset
  const raw = textIn(value, value.kind === 'number' ? 'value' : 'raw') ?? ''
  const isInteger = value.kind === 'number' && key === 'port' && /^[1-9]\d*$/.test(raw)
  const bytes = value.kind === 'string' ? decodePhpString(raw) : isInteger ? raw : undefined
  if (field === undefined || bytes === undefined || !source.startsWith(raw, start))
    throw new RotatorError('ERR_TARGET_NOT_LITERAL', { path, line, what: name })
  const text = decodeUtf8(bytes)
  if (text === undefined)
    throw new RotatorError('ERR_TARGET_UNPARSABLE', { path, line, problem: `${name} is not UTF-8` })
  const spell = (next: string): string =>
    isInteger ? next : encodePhpString(encodeUtf8(next), raw.at(0) ?? "'")
  return { field, name, line, start, end: start + raw.length, value: text, spell }
}
