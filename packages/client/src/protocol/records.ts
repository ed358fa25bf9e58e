import type { Credential } from './credential.ts'
import { DocumentError, isObject } from './json-document.ts'

/** One of the two users of an alternating target. Neither is special. */
export type SlotName = 'A' | 'B'

/** Both slots. */
export const SLOT_NAMES: readonly SlotName[] = ['A', 'B']

/** The record of a rotation that is open: it is what tells "interrupted" from "settled". */
export interface RotationRecord {
  readonly id: string
  readonly from: SlotName
  readonly to: SlotName
  readonly reason: string
  /** Who asked: an operator's name, a schedule's. */
  readonly by: string
  /** ISO-8601, UTC. */
  readonly opened_at: string
  /** True when it makes no fresh password for `to` and only brings consumers together there. */
  readonly heals?: true
  /** True when it proves everything but the flip, and is given up then. */
  readonly rehearses?: true
  /** True when what it replaces is in the wrong hands, so nobody on the old slot is waited for. */
  readonly urgent?: true
  /** Present when the rotation is being turned back; says why. */
  readonly back_out?: string
  /** Hash of the approved plan under which it was opened. */
  readonly plan?: string
  /**
   * By runtime: the receipt of a long roll towards the active slot. Stands in a pending version
   * only, and is no secret.
   */
  readonly rolls?: Readonly<Record<string, string>>
  /**
   * Present when consumers ran as the initial user when it was opened: where, and what else stood
   * there, so that turning back leads to just that.
   */
  readonly initial?: InitialPlaces
}

/** By id of a config target: host, port and dbname as it had them, where it had them. */
export type InitialPlaces = Readonly<Record<string, Place>>

/** Where consumers find a database, as far as something says so. */
export type Place = Partial<Pick<Credential, 'host' | 'port' | 'dbname'>>

/** How a rotation can have ended; `adopted`: there was none yet, a running user was taken over. */
export type LastOutcome = 'rotated' | 'backed-out' | 'healed' | 'rehearsed' | 'adopted'

const OUTCOMES: readonly LastOutcome[] = ['rotated', 'backed-out', 'healed', 'rehearsed', 'adopted']

/** How the last rotation ended. */
export interface LastRecord {
  readonly id: string
  readonly outcome: LastOutcome
  /** ISO-8601, UTC: when the closing version was written. */
  readonly closed_at: string
  /** True when it was an urgent rotation. */
  readonly urgent?: true
  /** Why it was backed out, where it was. */
  readonly why?: string
  /** Hash of the approved plan under which it was closed. */
  readonly plan?: string
}

/** The record under `rotation`, or undefined where there is none. */
export function parseRotation(value: unknown): RotationRecord | undefined {
  if (value === undefined || value === null) return undefined
  const text = recordReader(value, '/rotation')
  const from = text('from')
  const to = text('to')
  if (!isSlotName(from) || !isSlotName(to) || from === to)
    throw new DocumentError('ERR_DOCUMENT_SHAPE', '/rotation', 'must go from one slot to the other')
  const backOut = isObject(value) ? value['back_out'] : undefined
  const plan = isObject(value) ? value['plan'] : undefined
  const rolls = isObject(value) ? textsIn(value['rolls']) : {}
  const initial = isObject(value) ? parseInitial(value['initial']) : undefined
  const flag = (key: string): boolean => isObject(value) && value[key] === true
  return {
    id: text('id'),
    from,
    to,
    reason: text('reason'),
    by: text('by'),
    opened_at: text('opened_at'),
    ...(flag('heals') && { heals: true }),
    ...(flag('rehearses') && { rehearses: true }),
    ...(flag('urgent') && { urgent: true }),
    ...(typeof backOut === 'string' && { back_out: backOut }),
    ...(typeof plan === 'string' && { plan }),
    ...(Object.keys(rolls).length > 0 && { rolls }),
    ...(initial && { initial }),
  }
}

function parseInitial(value: unknown): InitialPlaces | undefined {
  if (value === undefined || value === null) return undefined
  const path = '/rotation/initial'
  if (!isObject(value) || Object.keys(value).length === 0)
    throw new DocumentError('ERR_DOCUMENT_SHAPE', path, 'must be an object of config targets')
  return Object.fromEntries(Object.entries(value).map(([id, place]) => [id, parsePlace(place)]))
}

function parsePlace(value: unknown): Place {
  if (!isObject(value))
    throw new DocumentError('ERR_DOCUMENT_SHAPE', '/rotation/initial', 'must hold objects')
  const { host, port, dbname } = value
  return {
    ...(typeof host === 'string' && { host }),
    ...(typeof port === 'number' && { port }),
    ...(typeof dbname === 'string' && { dbname }),
  }
}

function textsIn(value: unknown): Readonly<Record<string, string>> {
  const entries = isObject(value) ? Object.entries(value) : []
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/** The record under `last`, or undefined where there is none. */
export function parseLast(value: unknown): LastRecord | undefined {
  if (value === undefined || value === null) return undefined
  const text = recordReader(value, '/last')
  const written = text('outcome')
  const outcome = OUTCOMES.find((known) => known === written)
  if (outcome === undefined)
    throw new DocumentError('ERR_DOCUMENT_SHAPE', '/last/outcome', 'is not an outcome we know')
  const [why, plan] = isObject(value) ? [value['why'], value['plan']] : []
  return {
    id: text('id'),
    outcome,
    closed_at: text('closed_at'),
    ...(isObject(value) && value['urgent'] === true && { urgent: true }),
    ...(typeof why === 'string' && { why }),
    ...(typeof plan === 'string' && { plan }),
  }
}

function recordReader(value: unknown, path: string): (key: string) => string {
  if (!isObject(value)) throw new DocumentError('ERR_DOCUMENT_SHAPE', path, 'must be an object')
  return (key) => {
    const text = value[key]
    if (typeof text !== 'string')
      throw new DocumentError('ERR_DOCUMENT_SHAPE', `${path}/${key}`, 'must be a string')
    return text
  }
}

/** True for the letters that name a slot. */
export function isSlotName(value: unknown): value is SlotName {
  return SLOT_NAMES.some((name) => name === value)
}

/** Sets a key of an object that is about to be encoded; `null` removes it, undefined leaves it. */
export function setOrRemove(
  raw: Record<string, unknown>,
  key: string,
  value: object | null | undefined,
): void {
  if (value === null) delete raw[key]
  else if (value !== undefined) raw[key] = value
}
