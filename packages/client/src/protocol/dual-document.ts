import { isPlaceholder } from './credential.ts'
import type { Credential } from './credential.ts'
import {
  DocumentError,
  isObject,
  parseCredential,
  parseJsonObject,
  sameJson,
} from './json-document.ts'
import type { JsonObject } from './json-document.ts'
import { SLOT_NAMES, isSlotName, parseLast, parseRotation, setOrRemove } from './records.ts'
import type { SlotName } from './records.ts'
import type { PasswordChange, SlotDocument, SlotDocumentEdit } from './slot-document.ts'
import { Sensitive } from './sensitive.ts'

/**
 * The dual-password document: one user that has two passwords while a rotation is open. Whoever
 * reads the flat shape of RDS finds the password to use in it at any time.
 *
 * Shape: that of a flat document, and `{"password_version"?,"changed_at"?,"password_slot"?:"A"|"B",
 * "other_password"?:{"password","password_version"?,"changed_at"?},"rotation"?:{…},"last"?:{…}}`.
 * `password_slot` is the letter that the password has in plans and records, A where it is missing.
 * Unknown keys survive every edit.
 *
 * @returns a slot document both of whose slots have the same user; a slot without a password has a
 *   stand-in, so that nobody ever logs in with it.
 * @throws DocumentError; the error never shows a value
 */
export function parseDualDocument(text: Sensitive): SlotDocument {
  return fromRaw(parseJsonObject(text))
}

function fromRaw(raw: JsonObject): SlotDocument {
  if ('active_slot' in raw)
    throw new DocumentError(
      'ERR_DOCUMENT_SHAPE',
      '/active_slot',
      'belongs to a slot document: this secret is an alternating target',
    )
  const active = parseLetter(raw['password_slot'])
  const used = parseCredential(raw, '', `password ${active} of the user`)
  const spare = parseOther(raw, otherLetter(active))
  const rotation = parseRotation(raw['rotation'])
  const last = parseLast(raw['last'])
  return {
    active,
    slots: active === 'A' ? { A: used, B: spare } : { A: spare, B: used },
    ...(rotation && { rotation }),
    ...(last && { last }),
    raw: new Sensitive(raw, 'dual-password document'),
  }
}

function parseLetter(value: unknown): SlotName {
  if (value === undefined) return 'A'
  if (isSlotName(value)) return value
  throw new DocumentError('ERR_DOCUMENT_SHAPE', '/password_slot', 'must be "A" or "B"')
}

const NO_PASSWORD = 'placeholder'

function parseOther(raw: JsonObject, letter: SlotName): Credential {
  const found = raw['other_password']
  if (found !== undefined && !isObject(found))
    throw new DocumentError('ERR_DOCUMENT_SHAPE', '/other_password', 'must be an object')
  const { changed_at: _at, password_version: _version, ...rest } = raw
  const other = found ?? { password: NO_PASSWORD }
  return parseCredential({ ...rest, ...other }, '', `password ${letter} of the user`)
}

function otherLetter(letter: SlotName): SlotName {
  return letter === 'A' ? 'B' : 'A'
}

/** A changed copy. A password that is `null` is taken out. */
export function editDualDocument(document: SlotDocument, edit: SlotDocumentEdit): SlotDocument {
  const active = edit.active ?? document.active
  const { [active]: used, [otherLetter(active)]: other } = changed(document, edit)
  if (used === undefined) throw new Error('the password to use cannot be taken out')
  const raw: Record<string, unknown> = { ...document.raw.reveal(), password_slot: active }
  setPassword(raw, used)
  if (other) {
    const entry: Record<string, unknown> = {}
    setPassword(entry, other)
    raw['other_password'] = entry
  } else delete raw['other_password']
  setOrRemove(raw, 'rotation', edit.rotation)
  setOrRemove(raw, 'last', edit.last)
  return fromRaw(raw)
}

function changed(
  { slots }: SlotDocument,
  { passwords }: SlotDocumentEdit,
): Readonly<Record<SlotName, PasswordChange | undefined>> {
  const of = (name: SlotName): PasswordChange | undefined => {
    const change = passwords?.[name]
    if (change === null) return undefined
    const { password, changedAt, version } = slots[name]
    if (change === undefined && isPlaceholder(password)) return undefined
    const before = { ...(changedAt && { changedAt }), ...(version && { version }) }
    if (change === undefined) return { password, ...before }
    return change.password.equals(password) ? { ...before, ...change } : change
  }
  return { A: of('A'), B: of('B') }
}

function setPassword(raw: Record<string, unknown>, change: PasswordChange): void {
  raw['password'] = change.password.reveal()
  setText(raw, 'password_version', change.version)
  setText(raw, 'changed_at', change.changedAt)
}

function setText(raw: Record<string, unknown>, key: string, value: string | undefined): void {
  if (value === undefined) delete raw[key]
  else raw[key] = value
}

/** The keys that a rotation itself changes; passwords are compared on their own. */
const ROTATION_KEYS: ReadonlySet<string> = new Set([
  'password',
  'password_version',
  'changed_at',
  'password_slot',
  'other_password',
  'rotation',
  'last',
])

/**
 * True when the two differ in something other than what a rotation changes: its records, which
 * password is to be used, and the password of `slot`.
 */
export function dualDiffersBeyondRotation(
  a: SlotDocument,
  b: SlotDocument,
  slot: SlotName | 'none',
): boolean {
  const before = a.raw.reveal()
  const after = b.raw.reveal()
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  for (const key of keys) {
    if (!ROTATION_KEYS.has(key) && !sameJson(before[key], after[key])) return true
  }
  return SLOT_NAMES.some(
    (name) => name !== slot && !a.slots[name].password.equals(b.slots[name].password),
  )
}
