import type { Credential } from './credential.ts'
import { DocumentError, parseCredential, parseJsonObject, sameJson } from './json-document.ts'
import type { JsonObject } from './json-document.ts'
import { parseLast, setOrRemove } from './records.ts'
import type { LastRecord } from './records.ts'
import { Sensitive } from './sensitive.ts'

/**
 * The flat document: one user's credential, in the shape that RDS and AWS's rotation templates use.
 *
 * Shape: `{"username","password","host"?,"port"?,"dbname"?,"engine"?,…}`. A missing host is empty,
 * a missing port is 5432 when `engine` is `postgres` or `aurora-postgresql` and 3306 otherwise.
 * Unknown keys survive every edit.
 * Source: AWS Secrets Manager user guide, "JSON structure of AWS Secrets Manager database
 * credential secrets".
 */
export interface FlatDocument {
  readonly credential: Credential
  readonly last?: LastRecord
  /** The whole object as it was read. */
  readonly raw: Sensitive<JsonObject>
}

/** Parses a secret's text. Throws {@link DocumentError}; the error never shows a value. */
export function parseFlatDocument(text: Sensitive): FlatDocument {
  return fromRaw(parseJsonObject(text))
}

function fromRaw(raw: JsonObject): FlatDocument {
  if ('active_slot' in raw)
    throw new DocumentError(
      'ERR_DOCUMENT_SHAPE',
      '/active_slot',
      'belongs to a slot document: this secret is an alternating target, not a single user',
    )
  const last = parseLast(raw['last'])
  return {
    credential: credentialOf(raw),
    ...(last && { last }),
    raw: new Sensitive(raw, 'flat document'),
  }
}

const LABEL = 'password of the single user'

/** A secret that RDS manages names the user and the password and nothing else. */
function credentialOf(raw: JsonObject): Credential {
  if (raw['host'] !== undefined) return parseCredential(raw, '', LABEL)
  return { ...parseCredential({ ...raw, host: 'unnamed' }, '', LABEL), host: '' }
}

/** What {@link editFlatDocument} may change. */
export interface FlatDocumentEdit {
  readonly username?: string
  readonly password?: Sensitive
  /** When the password was made, ISO-8601 in UTC; written where the document says so already. */
  readonly at?: string
  /** The record of the rotation that made the password; `null` removes it. */
  readonly last?: LastRecord | null
}

/** A changed copy. */
export function editFlatDocument(document: FlatDocument, edit: FlatDocumentEdit): FlatDocument {
  const raw: Record<string, unknown> = { ...document.raw.reveal() }
  if (edit.username !== undefined) raw['username'] = edit.username
  if (edit.password) raw['password'] = edit.password.reveal()
  if (edit.at !== undefined) {
    if ('changed_at' in raw) raw['changed_at'] = edit.at
    // It names the password before.
    delete raw['password_version']
  }
  setOrRemove(raw, 'last', edit.last)
  return fromRaw(raw)
}

/** Compact JSON. */
export function encodeFlatDocument(document: FlatDocument): Sensitive {
  return new Sensitive(JSON.stringify(document.raw.reveal()), 'flat document')
}

/** True when the two differ in something other than the password and the record of its rotation. */
export function flatDiffersBeyondRotation(a: FlatDocument, b: FlatDocument): boolean {
  return !sameJson(others(a), others(b))
}

function others(document: FlatDocument): JsonObject {
  const { password: _password, last: _last, ...rest } = document.raw.reveal()
  return rest
}
