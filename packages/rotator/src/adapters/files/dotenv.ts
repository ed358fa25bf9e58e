import { parseEnv } from 'node:util'
import type { ConfigTarget } from '../../ports/config-target.ts'
import { RotatorError } from '../../errors.ts'
import { lineAt } from './config-file.ts'
import { fileTarget } from './file-target.ts'
import { fieldsOf } from '../common/credential-fields.ts'
import type { Field, Mapping } from '../common/credential-fields.ts'
import { decodeUtf8, encodeUtf8 } from './place.ts'
import type { Place } from './place.ts'

/** Where a .env file is and which of its keys hold the credential. */
export interface DotenvOptions {
  /** Unique in its target; stands in plans and messages. */
  readonly id: string
  readonly path: string
  /** Keys of the form `[A-Za-z_][A-Za-z0-9_]*`, as `{ username: 'DB_USER', password: 'DB_PW' }`. */
  readonly keys: Mapping
}

/**
 * A .env file as a config target: only the values of the mapped keys are replaced.
 *
 * A value is written as Node (`--env-file`, `util.parseEnv`) and a POSIX shell (`set -a; . file`)
 * both read it: bare where it is made of letters, digits and harmless punctuation, which `docker
 * run --env-file` reads as well; else in single quotes; in double quotes where it holds a single
 * quote. Docker takes quotes for a part of the value: choose passwords without special characters
 * for it. Quotes that are there stay where the value allows it. No reader agrees with another on
 * line breaks, or on a single quote beside one of `" $ \` and the backtick: those are refused.
 * @throws ERR_TARGET_* as `phpSqlconfTarget`: NOT_LITERAL for `$VAR` and backticks, AMBIGUOUS for a
 *   key that stands twice, UNPARSABLE for a value that readers disagree on; ERR_CONFIG at once for
 *   keys that cannot be
 */
export function dotenvTarget({ id, path, keys }: DotenvOptions): ConfigTarget {
  const isValid = (key: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(key)
  const fields = fieldsOf(keys, { file: path, isValid })
  return fileTarget({
    id,
    path,
    locate: (source) => [...fields].map(([field, key]) => placeOf({ source, path, field, key })),
  })
}

interface Wanted {
  readonly source: string
  readonly path: string
  readonly field: Field
  readonly key: string
}

function placeOf({ source, path, field, key }: Wanted): Place {
  const { line, start } = findKey(source, path, key)
  const rest = source.slice(start).match(/^[^\r\n]*/)?.[0] ?? ''
  const literal = literalOf(rest, { path, line, what: key })
  const quote = literal.match(/^['"]/)?.[0] ?? ''
  const value = decodeUtf8(quote === '' ? literal : literal.slice(1, -1))
  // Node is asked too: it may see the line as the inside of a value that spans lines.
  if (value === undefined || parseEnv(source)[key] !== encodeUtf8(value))
    throw disagreement(path, line, key)
  const spell = (next: string): string | undefined => spellValue(next, quote)
  return { field, name: key, line, start, end: start + literal.length, value, spell }
}

function findKey(source: string, path: string, key: string): { line: number; start: number } {
  const pattern = new RegExp(String.raw`^[ \t]*(?:export[ \t]+)?${key}[ \t]*=[ \t]*`, 'gm')
  const [found, second] = [...source.matchAll(pattern)]
  if (!found) throw new RotatorError('ERR_TARGET_INCOMPLETE', { path, what: key })
  const line = lineAt(source, (second ?? found).index)
  if (second) throw new RotatorError('ERR_TARGET_AMBIGUOUS', { path, line, what: key })
  return { line, start: found.index + found[0].length }
}

/** What every reader takes bare: no blank, quote, expansion, comment or operator of a shell. */
const BARE = /^[A-Za-z0-9_./:@%+,=^!?*[\]{}\x80-\u{10ffff}-]*$/u

/** Single quotes end at the next one; double ones hold nothing that a shell would replace. */
const QUOTED = /^(?:'[^']*'|"[^"\\$`]*")/

function literalOf(
  rest: string,
  where: { readonly path: string; readonly line: number; readonly what: string },
): string {
  const quoted = rest.match(QUOTED)?.[0]
  const literal = quoted ?? rest.match(/^[^ \t]*/)?.[0] ?? ''
  const isAlone = /^[ \t]*(?:[ \t]#.*)?$/.test(rest.slice(literal.length))
  if (isAlone && (quoted !== undefined || BARE.test(literal))) return literal
  if (/[$`]/.test(rest)) throw new RotatorError('ERR_TARGET_NOT_LITERAL', where)
  throw disagreement(where.path, where.line, where.what)
}

function disagreement(path: string, line: number, key: string): RotatorError {
  const problem = `readers of .env files disagree on the value of ${key}: put it in single quotes`
  return new RotatorError('ERR_TARGET_UNPARSABLE', { path, line, problem })
}

/** The value's literal as UTF-8, with the quote that stands there where that can hold it. */
function spellValue(value: string, quote: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused.
  if (/[\x00-\x1f\x7f]/.test(value)) return undefined
  const style = [quote, '', "'", '"'].find((candidate) => canHold(value, candidate))
  return style === undefined ? undefined : encodeUtf8(`${style}${value}${style}`)
}

function canHold(value: string, quote: string): boolean {
  if (quote === "'") return !value.includes("'")
  if (quote === '"') return !/["\\$`]/.test(value)
  return BARE.test(value)
}
