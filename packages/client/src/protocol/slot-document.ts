import type { Credential } from './credential.ts'
import {
  DocumentError,
  isObject,
  parseCredential,
  parseJsonObject,
  sameJson,
} from './json-document.ts'
import type { JsonObject } from './json-document.ts'
import { SLOT_NAMES, parseLast, parseRotation, setOrRemove } from './records.ts'
import type { LastRecord, Place, RotationRecord, SlotName } from './records.ts'
import { Sensitive } from './sensitive.ts'

/**
 * The slot document: which of two users applications log in as, and both users' credentials.
 *
 * Shape: `{"active_slot":"A"|"B","A":{…},"B":{…},"rotation"?:{…},"last"?:{…}}`, each slot
 * `{"username","password","host","port"?,"dbname"?,"changed_at"?}`. Unknown keys survive every edit
 * and key
 * order is kept; the encoding is compact JSON.
 */
export interface SlotDocument {
  readonly active: SlotName
  readonly slots: Readonly<Record<SlotName, Credential>>
  readonly rotation?: RotationRecord
  readonly last?: LastRecord
  /** The whole object as it was read. */
  readonly raw: Sensitive<JsonObject>
}

/** What {@link editSlotDocument} may change. `null` removes a record. */
export interface SlotDocumentEdit {
  readonly active?: SlotName
  /** `null` takes a password out, which only a dual-password document can do. */
  readonly passwords?: Partial<Record<SlotName, PasswordChange | null>>
  /** Where both slots find the database from now on. */
  readonly place?: Place
  readonly rotation?: RotationRecord | null
  readonly last?: LastRecord | null
}

/** A password as it is to be written. What is not given stays as it is. */
export interface PasswordChange {
  readonly password: Sensitive
  /** ISO-8601, UTC; given where the password is fresh. */
  readonly changedAt?: string
  /** As in {@link Credential}. */
  readonly version?: string
}

/** Parses a secret's text. Throws {@link DocumentError}; the error never shows a value. */
export function parseSlotDocument(text: Sensitive): SlotDocument {
  return fromRaw(parseJsonObject(text))
}

function fromRaw(raw: JsonObject): SlotDocument {
  const active = raw['active_slot']
  if (active === undefined && 'username' in raw)
    throw new DocumentError(
      'ERR_DOCUMENT_SHAPE',
      '/active_slot',
      'is missing: this is a flat document, whose user `cuedot adopt` takes over',
    )
  if (active !== 'A' && active !== 'B')
    throw new DocumentError('ERR_DOCUMENT_SHAPE', '/active_slot', 'must be "A" or "B"')
  const slots = { A: parseSlot(raw, 'A'), B: parseSlot(raw, 'B') }
  if (slots.A.username === slots.B.username)
    throw new DocumentError(
      'ERR_DOCUMENT_SLOTS_IDENTICAL',
      '/B/username',
      'is the same user as /A/username: nothing could alternate',
    )
  const rotation = parseRotation(raw['rotation'])
  const last = parseLast(raw['last'])
  return {
    active,
    slots,
    ...(rotation && { rotation }),
    ...(last && { last }),
    raw: new Sensitive(raw, 'slot document'),
  }
}

function parseSlot(raw: JsonObject, name: SlotName): Credential {
  const slot = raw[name]
  if (!isObject(slot))
    throw new DocumentError('ERR_DOCUMENT_SHAPE', `/${name}`, 'must be an object: a slot')
  return parseCredential(slot, `/${name}`, `password of slot ${name}`)
}

/** A changed copy. Everything that the edit does not name stays, in its place. */
export function editSlotDocument(document: SlotDocument, edit: SlotDocumentEdit): SlotDocument {
  const raw: Record<string, unknown> = { ...document.raw.reveal() }
  if (edit.active) raw['active_slot'] = edit.active
  for (const name of SLOT_NAMES) {
    const change = edit.passwords?.[name]
    if (change === null) throw new Error('a slot keeps a password: it cannot be taken out')
    const slot = raw[name]
    if (!isObject(slot)) continue
    const placed = edit.place ? withPlace(slot, edit.place) : slot
    raw[name] = change ? withPassword(placed, change) : placed
  }
  setOrRemove(raw, 'rotation', edit.rotation)
  setOrRemove(raw, 'last', edit.last)
  return fromRaw(raw)
}

function withPassword(slot: JsonObject, { password, changedAt }: PasswordChange): JsonObject {
  const changed = changedAt === undefined ? {} : { changed_at: changedAt }
  return { ...slot, password: password.reveal(), ...changed }
}

/** A port stays a text where it was one, and is one where there was none: so the source systems. */
function withPlace(slot: JsonObject, { host, port, dbname }: Place): JsonObject {
  const asText = typeof slot['port'] !== 'number'
  return {
    ...slot,
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port: asText ? String(port) : port }),
    ...(dbname !== undefined && { dbname }),
  }
}

/** Compact JSON, as the source systems write it. */
export function encodeSlotDocument(document: SlotDocument): Sensitive {
  return new Sensitive(JSON.stringify(document.raw.reveal()), 'slot document')
}

/** The keys that a rotation itself changes; slots are compared on their own. */
const ROTATION_KEYS: ReadonlySet<string> = new Set(['active_slot', 'rotation', 'last', 'A', 'B'])

/**
 * True when the two differ in something other than what a rotation changes: its records, the active
 * slot, and the password of `slot`.
 */
export function differsBeyondRotation(
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
  return SLOT_NAMES.some((name) => {
    if (name !== slot && !a.slots[name].password.equals(b.slots[name].password)) return true
    const rest = placesSlots(a, b) ? elsewhere : withoutPassword
    return !sameJson(rest(before[name]), rest(after[name]))
  })
}

/** The first rotation also writes down where the initial user has found the database. */
function placesSlots(before: SlotDocument, { rotation }: SlotDocument): boolean {
  return before.rotation === undefined && rotation?.initial !== undefined && !rotation.heals
}

function withoutPassword(slot: unknown): unknown {
  return isObject(slot) ? { ...slot, password: '', changed_at: '' } : slot
}

function elsewhere(slot: unknown): unknown {
  if (!isObject(slot)) return slot
  const { host: _host, port: _port, dbname: _dbname, ...rest } = slot
  return withoutPassword(rest)
}
