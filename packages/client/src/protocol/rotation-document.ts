import { isPlaceholder } from './credential.ts'
import type { Credential } from './credential.ts'
import { editFlatDocument, encodeFlatDocument, parseFlatDocument } from './flat-document.ts'
import type { FlatDocument } from './flat-document.ts'
import { DocumentError, isObject, parseJsonObject, sameJson } from './json-document.ts'
import type { JsonObject } from './json-document.ts'
import { SLOT_NAMES } from './records.ts'
import type { SlotName } from './records.ts'
import type { Sensitive } from './sensitive.ts'
import {
  differsBeyondRotation,
  editSlotDocument,
  encodeSlotDocument,
  parseSlotDocument,
} from './slot-document.ts'
import type { SlotDocument } from './slot-document.ts'

/**
 * What a rotation function reads in a secret.
 *
 * Shape: that of AWS's rotation templates, `{"engine","host","username","password","dbname"?,
 * "port"?,"masterarn"?,"ssl"?}`, or a slot document with `engine` and `masterarn` beside the slots.
 * Ours alone: `replicas`, an array of `host` or `host:port` on which a password must work, too.
 *
 * @see AWS Secrets Manager user guide, "JSON structure of AWS Secrets Manager database credential
 *   secrets" and "Rotation function templates"
 */
export interface RotationDocument {
  /** What applications use. */
  readonly current: Credential
  /** Whose turn is next in a slot document; undefined: the document has one user. */
  readonly standby: string | undefined
  /** Undefined where the document does not say. */
  readonly engine: RotationEngine | undefined
  /** ARN or name of the admin's secret. */
  readonly masterarn: string | undefined
  /** Servers that follow the writer. */
  readonly replicas: readonly DocumentEndpoint[]
  /** A rotation of the command line is open. */
  readonly isOpen: boolean
  /** True for a password that deployment scripts leave behind. */
  readonly isPlaceholder: boolean
  readonly parsed: FlatDocument | SlotDocument
}

/** The servers that a rotation function knows; Aurora's names stand for these. */
export type RotationEngine = 'postgres' | 'mysql' | 'mariadb'

/** A server as a document names it. */
export interface DocumentEndpoint {
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

/** What the next version is made of. */
export interface Succession {
  /** The user of the next version: the same one, or the one whose turn it is. */
  readonly username: string
  readonly password: Sensitive
  /** The version's id, for the record in a slot document. */
  readonly id: string
  /** ISO-8601, UTC. */
  readonly at: string
}

/** @throws DocumentError; the error never shows a value */
export function parseRotationDocument(text: Sensitive): RotationDocument {
  const raw = parseJsonObject(text)
  const parsed = 'active_slot' in raw ? parseSlotDocument(text) : parseFlatDocument(text)
  const current = currentOf(parsed)
  if (current.host === '') throw shape('/host', 'must be a non-empty string')
  return {
    current,
    standby: 'slots' in parsed ? parsed.slots[standbyOf(parsed)].username : undefined,
    engine: parseEngine(raw['engine']),
    masterarn: parseText(raw, 'masterarn'),
    replicas: parseReplicas(raw['replicas'], current.port),
    isOpen: isObject(raw['rotation']) || isObject(raw['other_password']),
    isPlaceholder: isPlaceholder(current.password),
    parsed,
  }
}

/** The text of the version that follows: nothing but the user and the password is another. */
export function successorOf({ parsed }: RotationDocument, next: Succession): Sensitive {
  const { username, password, id, at } = next
  if ('slots' in parsed) {
    const standby = standbyOf(parsed)
    if (parsed.slots[standby].username !== username)
      throw new Error('the next user of a slot document is that of the standby slot')
    return encodeSlotDocument(
      editSlotDocument(parsed, {
        active: standby,
        passwords: { [standby]: { password, changedAt: at } },
        last: { id, outcome: 'rotated', closed_at: at },
      }),
    )
  }
  // A record of the command line would call this version its own.
  return encodeFlatDocument(editFlatDocument(parsed, { username, password, at, last: null }))
}

/**
 * The credential of a version that follows this one with that user. `copy`: the text is that of the
 * document itself. Undefined: it was made from something else, or names another place or user.
 */
export function readSuccessor(
  document: RotationDocument,
  username: string,
  text: Sensitive,
): Credential | 'copy' | undefined {
  const successor = parseOrNone(text)
  if (successor === undefined) return undefined
  const [before, after] = [document.parsed, successor.parsed]
  if (sameJson(before.raw.reveal(), after.raw.reveal())) return 'copy'
  if (successor.current.username !== username || successor.isPlaceholder) return undefined
  if ('slots' in before)
    return 'slots' in after && isNextSlots(before, after) ? successor.current : undefined
  return !('slots' in after) && isNextUser(before, after) ? successor.current : undefined
}

function parseOrNone(text: Sensitive): RotationDocument | undefined {
  try {
    return parseRotationDocument(text)
  } catch (error) {
    if (error instanceof DocumentError) return undefined
    throw error
  }
}

function isNextSlots(before: SlotDocument, after: SlotDocument): boolean {
  const standby = standbyOf(before)
  return after.active === standby && !differsBeyondRotation(before, after, standby)
}

function isNextUser(before: FlatDocument, after: FlatDocument): boolean {
  return sameJson(withoutLogin(before), withoutLogin(after))
}

/** What a rotation changes in a flat document. */
const OF_ROTATION: ReadonlySet<string> = new Set([
  ...['username', 'password', 'changed_at', 'password_version', 'last'],
])

function withoutLogin({ raw }: FlatDocument): JsonObject {
  const kept = Object.entries(raw.reveal()).filter(([key]) => !OF_ROTATION.has(key))
  return Object.fromEntries(kept)
}

function currentOf(parsed: FlatDocument | SlotDocument): Credential {
  return 'slots' in parsed ? parsed.slots[parsed.active] : parsed.credential
}

function standbyOf({ active }: SlotDocument): SlotName {
  return SLOT_NAMES.find((name) => name !== active) ?? active
}

const ENGINES: ReadonlyMap<unknown, RotationEngine> = new Map([
  ['postgres', 'postgres'],
  ['aurora-postgresql', 'postgres'],
  ['mysql', 'mysql'],
  ['aurora-mysql', 'mysql'],
  ['mariadb', 'mariadb'],
])

/** The server that an engine of RDS is; undefined for one that is not known. */
export function rotationEngine(name: unknown): RotationEngine | undefined {
  return ENGINES.get(name)
}

function parseEngine(value: unknown): RotationEngine | undefined {
  if (value === undefined) return undefined
  const engine = rotationEngine(value)
  if (engine) return engine
  throw shape('/engine', `must be one of ${[...ENGINES.keys()].map(String).join(', ')}`)
}

function parseText(raw: JsonObject, key: string): string | undefined {
  const value = raw[key]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '') return value
  throw shape(`/${key}`, 'must be a non-empty string')
}

function parseReplicas(value: unknown, defaultPort: number): readonly DocumentEndpoint[] {
  if (value === undefined) return []
  const texts: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined
  const all = texts?.map((text) => parseEndpoint(text, defaultPort))
  const good = all?.filter((one) => one !== undefined)
  if (good && good.length === all?.length) return good
  throw shape('/replicas', 'must be an array of host or host:port')
}

function parseEndpoint(text: unknown, defaultPort: number): DocumentEndpoint | undefined {
  if (typeof text !== 'string') return undefined
  const [, host, digits] = /^([^\s:/@]+)(?::(\d{1,5}))?$/.exec(text) ?? []
  const port = digits === undefined ? defaultPort : Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

function shape(path: string, problem: string): DocumentError {
  return new DocumentError('ERR_DOCUMENT_SHAPE', path, problem)
}
