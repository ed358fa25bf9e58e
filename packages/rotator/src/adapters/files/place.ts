import type { PublishedCredential } from '../../ports/config-target.ts'
import { RotatorError } from '../../errors.ts'
import { Sensitive } from '@cuedot/client/protocol'
import { parsePort } from '../common/credential-fields.ts'
import type { Field } from '../common/credential-fields.ts'

/**
 * One literal in a config file that holds a part of the credential.
 *
 * Files are handled as strings with one character per byte (latin1), so offsets are byte offsets
 * and bytes that are not UTF-8 survive. Values are text.
 */
export interface Place {
  readonly field: Field
  /** How the file calls it: `$pass`, `DB_PASSWORD`, `/db/password`. */
  readonly name: string
  /** Counted from 1. */
  readonly line: number
  /** Byte offset of the literal's first byte, its quotes included. */
  readonly start: number
  /** Byte offset behind the literal's last byte. */
  readonly end: number
  /** What readers of the file find there. */
  readonly value: string
  /** The literal for another value, one character per byte; undefined when none can hold it. */
  spell(value: string): string | undefined
}

/** Finds the places in a file. Throws ERR_TARGET_*, without ever showing a value. */
export type Locate = (source: string) => readonly Place[]

/** UTF-8 as one character per byte. A lone surrogate becomes U+FFFD, which the proof then finds. */
export function encodeUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The text of UTF-8 that is given as one character per byte; undefined when it is not UTF-8. */
export function decodeUtf8(bytes: string): string | undefined {
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  return encodeUtf8(text) === bytes ? text : undefined
}

/**
 * The credential that the places hold together.
 * @throws ERR_TARGET_AMBIGUOUS when two places of one field differ, ERR_TARGET_UNPARSABLE when the
 *   port is not one; ERR_TARGET_INCOMPLETE without user or password
 */
export function published(places: readonly Place[], path: string): PublishedCredential {
  const host = valueOf(places, 'host', path)
  const port = portOf(places, path)
  const dbname = valueOf(places, 'dbname', path)
  const version = valueOf(places, 'version', path)
  return {
    username: required(places, 'username', path),
    password: new Sensitive(required(places, 'password', path), `password in ${path}`),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(dbname !== undefined && { dbname }),
    ...(version !== undefined && { version }),
  }
}

function required(places: readonly Place[], field: Field, path: string): string {
  const value = valueOf(places, field, path)
  if (value === undefined) throw new RotatorError('ERR_TARGET_INCOMPLETE', { path, what: field })
  return value
}

function valueOf(places: readonly Place[], field: Field, path: string): string | undefined {
  const [first, ...others] = places.filter((place) => place.field === field)
  const other = others.find((place) => place.value !== first?.value)
  if (first === undefined || other === undefined) return first?.value
  throw new RotatorError('ERR_TARGET_AMBIGUOUS', {
    path,
    line: other.line,
    what: `${other.name} differs from ${first.name}`,
  })
}

function portOf(places: readonly Place[], path: string): number | undefined {
  const place = places.find(({ field }) => field === 'port')
  const parsed = parsePort(valueOf(places, 'port', path))
  if (parsed !== 'none') return parsed
  throw new RotatorError('ERR_TARGET_UNPARSABLE', {
    path,
    line: place?.line ?? 1,
    problem: `${place?.name ?? 'port'} is not a port, 1 to 65535`,
  })
}
