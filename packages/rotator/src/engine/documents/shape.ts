import {
  differsBeyondRotation,
  dualDiffersBeyondRotation,
  editDualDocument,
  editSlotDocument,
} from '@cuedot/client/protocol'
import type {
  PasswordChange,
  RotationRecord,
  Sensitive,
  SlotDocument,
  SlotDocumentEdit,
  SlotName,
} from '@cuedot/client/protocol'
import type { Subject } from '../../domain/action.ts'
import type { Slot } from '../../domain/slot.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'
import { parseDualVersion, parseSlotVersion } from './parse-version.ts'
import type { Parsed } from './record.ts'

/**
 * How two slots stand in a secret: as two users (`alternating`), or as two passwords of one user
 * (`dual-password`).
 */
export interface DocumentShape {
  parse(version: SecretVersion, secret: string): Parsed<SlotDocument>
  edit(document: SlotDocument, edit: SlotDocumentEdit): SlotDocument
  /** True when more differs than what a rotation changes; see the documents of the protocol. */
  differs(a: SlotDocument, b: SlotDocument, slot: SlotName | 'none'): boolean
  /** What is written with a password that the rotation with this id makes. */
  fresh(password: Sensitive, changedAt: string, rotationId: string): PasswordChange
  /** What the slot that gives way has in the closing version. */
  closing(fresh: PasswordChange | undefined): PasswordChange | null | undefined
  /** What a slot that was given up has without a password that is known to log in. */
  readonly givenUp: 'its staged password' | 'none'
  /** The slot whose password this session was begun with; undefined where it does not say. */
  slotOf(session: SessionMarks, documents: readonly SlotDocument[]): SlotName | undefined
  /** What a session that does not say counts for: the slot that gives way, or the active one. */
  unknown(active: SlotName, rotation: RotationRecord | undefined): SlotName | undefined
}

/** What a session tells of the credential it was begun with. */
export interface SessionMarks {
  readonly username: string
  readonly credentialVersion: string
}

const SLOTS = ['A', 'B'] as const

/** Two users: the user tells the slot, and the retired one gets a fresh password. */
const TWO_USERS: DocumentShape = {
  parse: parseSlotVersion,
  edit: editSlotDocument,
  differs: differsBeyondRotation,
  fresh: (password, changedAt) => ({ password, changedAt }),
  closing: (fresh) => fresh,
  givenUp: 'its staged password',
  slotOf: ({ username }, [current]) =>
    SLOTS.find((slot) => current?.slots[slot].username === username),
  unknown: () => undefined,
}

/** Two passwords: the version of the credential tells them apart, and the retired one is gone. */
const TWO_PASSWORDS: DocumentShape = {
  parse: parseDualVersion,
  edit: editDualDocument,
  differs: dualDiffersBeyondRotation,
  fresh: (password, changedAt, rotationId) => ({
    password,
    changedAt,
    version: versionOf(rotationId),
  }),
  closing: () => null,
  givenUp: 'none',
  slotOf: ({ credentialVersion }, documents) =>
    credentialVersion === ''
      ? undefined
      : SLOTS.find((slot) =>
          documents.some(({ slots }) => slots[slot].version === credentialVersion),
        ),
  unknown: (active, rotation) => {
    if (rotation === undefined) return active
    return rotation.back_out === undefined ? rotation.from : rotation.to
  },
}

/** By strategy. */
export const SHAPES: Readonly<Record<'alternating' | 'dual-password', DocumentShape>> = {
  alternating: TWO_USERS,
  'dual-password': TWO_PASSWORDS,
}

/** A rotation makes one password that consumers get, so its id can name that. */
function versionOf(rotationId: string): string {
  return rotationId.replaceAll(/[^a-z0-9]/g, '').slice(-8)
}

/** @throws for the one user of a target without slots */
export function slotOf(subject: Subject): Slot {
  if (subject === 'user' || subject === 'initial') throw new Error(`${subject} is no slot`)
  return subject
}
