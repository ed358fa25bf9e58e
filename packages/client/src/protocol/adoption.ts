import { isPlaceholder } from './credential.ts'
import type { Credential } from './credential.ts'
import { DocumentError, parseCredential, parseJsonObject } from './json-document.ts'
import type { JsonObject } from './json-document.ts'
import type { LastRecord } from './records.ts'
import { Sensitive } from './sensitive.ts'
import { parseSlotDocument } from './slot-document.ts'
import type { SlotDocument } from './slot-document.ts'

/**
 * A secret before it belongs to an alternating target.
 * - `slots`: it does already.
 * - `flat`: it has the credential of one user.
 * - `stand-in`: a deployment script made it; nobody can log in with what it holds.
 */
export type Adoptable =
  | { readonly kind: 'slots'; readonly document: SlotDocument }
  | { readonly kind: 'flat'; readonly credential: Credential }
  | { readonly kind: 'stand-in' }

/** Where the database is, for documents that do not say. */
export type Place = Pick<Credential, 'host' | 'port' | 'dbname'>

/**
 * Reads a secret that is to be adopted. Host, port and database may be missing in it.
 * Throws DocumentError; the error never shows a value.
 */
export function readAdoptable(text: Sensitive, place: Place): Adoptable {
  if (isPlaceholder(new Sensitive(text.reveal().trim(), 'secret'))) return { kind: 'stand-in' }
  const raw = parseJsonObject(text)
  if ('active_slot' in raw) {
    const document = parseSlotDocument(text)
    const { password } = document.slots[document.active]
    return isPlaceholder(password) ? { kind: 'stand-in' } : { kind: 'slots', document }
  }
  if (!('username' in raw) && !('password' in raw)) return { kind: 'stand-in' }
  const credential = parseCredential({ ...place, ...raw }, '', 'password of the running user')
  return isPlaceholder(credential.password) ? { kind: 'stand-in' } : { kind: 'flat', credential }
}

/** What a slot document says in another place, or what it records. */
const TAKEN: ReadonlySet<string> = new Set([
  ...['username', 'password', 'host', 'port', 'dbname', 'changed_at'],
  ...['active_slot', 'A', 'B', 'rotation', 'last'],
])

/** Shorter passwords are found in ordinary words. */
const SHORTEST = 6

/** What goes into a slot document that takes over a running user. */
export interface Adopting {
  /** Becomes slot A, as it is. */
  readonly running: Credential
  /** User of slot B; its password is a stand-in until the first rotation. */
  readonly standby: string
  readonly last: LastRecord
}

/**
 * The slot document that takes over the running user. Keys that we do not know survive; what would
 * be a stale copy afterwards does not: the credential itself, and every value that has the password
 * in it.
 */
export function adoptedDocument(text: Sensitive, adopting: Adopting): Sensitive {
  const { running, standby, last } = adopting
  const before = objectOf(text)
  const dropped = new Set(droppedKeys(text, running.password))
  const kept = Object.entries(before).filter(([key]) => !dropped.has(key) && !TAKEN.has(key))
  const slot = (username: string, password: string): JsonObject => ({
    username,
    password,
    host: running.host,
    port: before['port'] ?? running.port,
    ...(running.dbname !== '' && { dbname: running.dbname }),
  })
  const document = {
    ...Object.fromEntries(kept),
    active_slot: 'A',
    A: slot(running.username, running.password.reveal()),
    B: slot(standby, 'placeholder'),
    last: { id: last.id, outcome: last.outcome, closed_at: last.closed_at },
  }
  return new Sensitive(JSON.stringify(document), 'slot document')
}

/** Keys that do not survive because their value has the password in it, as a URL may. */
export function droppedKeys(text: Sensitive, password: Sensitive): readonly string[] {
  const secret = password.reveal()
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
  return Object.entries(objectOf(text))
    .filter(([key, value]) => !TAKEN.has(key) && holds(value, forms))
    .map(([key]) => key)
}

function holds(value: unknown, [secret = '', ...spelled]: readonly string[]): boolean {
  if (value === secret) return true
  const text = JSON.stringify(value) ?? ''
  return secret.length >= SHORTEST && [secret, ...spelled].some((form) => text.includes(form))
}

/** A stand-in need not be JSON; anything else was refused when it was read. */
function objectOf(text: Sensitive): JsonObject {
  try {
    return parseJsonObject(text)
  } catch (error) {
    if (error instanceof DocumentError) return {}
    throw error
  }
}
