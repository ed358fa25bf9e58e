import type { ConfigTarget } from '../../ports/config-target.ts'
import { RotatorError } from '../../errors.ts'
import { lineAt } from './config-file.ts'
import { fileTarget } from './file-target.ts'
import { findJsonValue } from './json-scanner.ts'
import { fieldsOf } from '../common/credential-fields.ts'
import type { Field, Mapping } from '../common/credential-fields.ts'
import { decodeUtf8, encodeUtf8 } from './place.ts'
import type { Place } from './place.ts'

/** Where a JSON file is and which of its values hold the credential. */
export interface JsonTargetOptions {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  readonly path: string
  /** JSON pointers (RFC 6901), e.g. `{ username: '/db/user', password: '/db/password' }`. */
  readonly pointers: Mapping
}

/** RFC 6901 section 3, without the empty pointer, which is the whole document. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/

/**
 * A JSON file as a config target: only the values at the pointers are replaced; indentation, key
 * order, the spelling of numbers and a byte order mark stay. A port that is a number stays one.
 *
 * @throws ERR_TARGET_* as `phpSqlconfTarget`: AMBIGUOUS for a key on the way that stands twice in
 *   its object (RFC 8259 section 4: readers differ), NOT_LITERAL for a value that is no string
 *   (nor, for the port, an integer), INCOMPLETE for a pointer that leads nowhere; ERR_CONFIG at
 *   once for a pointer that is none
 */
export function jsonTarget({ id, path, pointers }: JsonTargetOptions): ConfigTarget {
  const isValid = (pointer: string): boolean => POINTER.test(pointer)
  const fields = fieldsOf(pointers, { file: path, isValid })
  return fileTarget({
    id,
    path,
    locate: (source) => {
      assertJson(source, path)
      return [...fields].map(([field, pointer]) => placeOf({ source, path, field, pointer }))
    },
  })
}

/** UTF-8's byte order mark, one character per byte. Some editors put it before JSON. */
const BOM = '\xef\xbb\xbf'

function assertJson(source: string, path: string): void {
  try {
    JSON.parse(source.startsWith(BOM) ? source.slice(BOM.length) : source)
  } catch {
    // The parser's message quotes the file, so it is not passed on.
    throw new RotatorError('ERR_TARGET_UNPARSABLE', { path, line: 1, problem: 'not JSON' })
  }
}

interface Wanted {
  readonly source: string
  readonly path: string
  readonly field: Field
  readonly pointer: string
}

function placeOf({ source, path, field, pointer }: Wanted): Place {
  const tokens = pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  const found = findJsonValue(source, tokens)
  if (found.kind === 'absent')
    throw new RotatorError('ERR_TARGET_INCOMPLETE', { path, what: pointer })
  const line = lineAt(source, found.start)
  if (found.kind === 'twice')
    throw new RotatorError('ERR_TARGET_AMBIGUOUS', { path, line, what: pointer })
  const literal = source.slice(found.start, found.end)
  const isInteger = field === 'port' && /^\d+$/.test(literal)
  if (!isInteger && !literal.startsWith('"'))
    throw new RotatorError('ERR_TARGET_NOT_LITERAL', { path, line, what: pointer })
  const text = decodeUtf8(literal)
  if (text === undefined)
    throw new RotatorError('ERR_TARGET_UNPARSABLE', { path, line, problem: 'not UTF-8' })
  return {
    field,
    name: pointer,
    line,
    start: found.start,
    end: found.end,
    value: isInteger ? text : String(JSON.parse(text)),
    spell: (next) => (isInteger ? next : spellString(next)),
  }
}

/** A lone surrogate could be spelled as an escape, but no database holds such a password. */
function spellString(value: string): string | undefined {
  return decodeUtf8(encodeUtf8(value)) === value ? encodeUtf8(JSON.stringify(value)) : undefined
}
