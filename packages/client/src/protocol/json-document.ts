import { Sensitive } from './sensitive.ts'
import type { Credential } from './credential.ts'

/** A JSON object as parsed: key order kept, unknown keys kept. */
export type JsonObject = { readonly [key: string]: unknown }

/**
 * Why a secret's text is not a document we can use. The message names the place and what was
 * expected there, never what was found: whatever stands in a secret may be a secret.
 */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  readonly code: DocumentErrorCode
  /** Where in the document, as `/A/username`; empty for the document itself. */
  readonly path: string

  constructor(code: DocumentErrorCode, path: string, problem: string) {
    super(`${path === '' ? 'the document' : path} ${problem}`)
    this.code = code
    this.path = path
  }
}

/**
 * `ERR_DOCUMENT_NOT_JSON`: the text is empty, cut off or no JSON object.
 * `ERR_DOCUMENT_SHAPE`: a key is missing or has the wrong type.
 * `ERR_DOCUMENT_SLOTS_IDENTICAL`: both slots name the same user, so nothing could alternate.
 */
export type DocumentErrorCode =
  | 'ERR_DOCUMENT_NOT_JSON'
  | 'ERR_DOCUMENT_SHAPE'
  | 'ERR_DOCUMENT_SLOTS_IDENTICAL'

/** Parses text that must be one JSON object. */
export function parseJsonObject(text: Sensitive): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text.reveal(), keepNumber)
  } catch {
    throw new DocumentError('ERR_DOCUMENT_NOT_JSON', '', 'is not JSON (empty or cut off?)')
  }
  if (!isObject(value)) throw new DocumentError('ERR_DOCUMENT_NOT_JSON', '', 'is not a JSON object')
  return value
}

/**
 * Numbers that a double cannot hold, or that JavaScript would spell in another way, stay as they
 * are spelled: `12345678901234567890` must not come back as `12345678901234567000`.
 *
 * Source: ECMA-262, `JSON.rawJSON` and the third argument of the reviver; in Node since 21.
 */
function keepNumber(_key: string, value: unknown, ...rest: readonly unknown[]): unknown {
  if (typeof value !== 'number') return value
  const [context] = rest
  const source = isObject(context) ? context['source'] : undefined
  if (typeof source !== 'string' || source === JSON.stringify(value)) return value
  const raw: unknown = Reflect.get(JSON, 'rawJSON')
  return typeof raw === 'function' ? Reflect.apply(raw, JSON, [source]) : value
}

/** True for a JSON object: not an array, not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads one credential out of an object; `path` is where the object stands in the document. */
export function parseCredential(raw: JsonObject, path: string, label: string): Credential {
  const text = (key: string): string => {
    const value = raw[key]
    if (typeof value !== 'string' || value === '')
      throw new DocumentError('ERR_DOCUMENT_SHAPE', `${path}/${key}`, 'must be a non-empty string')
    return value
  }
  const changedAt = raw['changed_at']
  const version = raw['password_version']
  return {
    username: text('username'),
    password: new Sensitive(text('password'), label),
    host: text('host'),
    port: parsePort(raw['port'], `${path}/port`, raw['engine']),
    dbname: parseDbname(raw['dbname'], `${path}/dbname`),
    ...(demandsTls(raw, path) && { ssl: true }),
    ...(typeof changedAt === 'string' && { changedAt }),
    ...(typeof version === 'string' && { version }),
  }
}

function parseDbname(value: unknown, path: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string')
    throw new DocumentError('ERR_DOCUMENT_SHAPE', path, 'must be a string')
  return value
}

/**
 * Whether the object demands TLS: `ssl` is `true`, or the text of it in any case.
 *
 * @throws DocumentError for anything but a boolean, the text of one, null or nothing
 * @see AWS Secrets Manager user guide, "JSON structure of AWS Secrets Manager database credential
 *   secrets"; AWS's rotation templates, `get_ssl_config`
 */
export function demandsTls(raw: JsonObject, path: string): boolean {
  const value = raw['ssl'] ?? false
  const said = typeof value === 'string' ? value.toLowerCase() : value
  if (said === true || said === 'true') return true
  if (said === false || said === 'false') return false
  throw new DocumentError('ERR_DOCUMENT_SHAPE', `${path}/ssl`, 'must be true or false')
}

/** The names of engines whose default port is PostgreSQL's. */
const POSTGRES: ReadonlySet<unknown> = new Set(['postgres', 'aurora-postgresql'])

/** Ports are strings in the slot documents of openemr and numbers in RDS secrets: both are read. */
function parsePort(value: unknown, path: string, engine: unknown): number {
  if (value === undefined) return POSTGRES.has(engine) ? 5432 : 3306
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535)
    throw new DocumentError('ERR_DOCUMENT_SHAPE', path, 'must be a port, 1 to 65535')
  return port
}

/** True when both encode to the same JSON. */
export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
