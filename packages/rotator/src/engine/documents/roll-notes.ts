import { encodeSlotDocument } from '@cuedot/client/protocol'
import type { Sensitive } from '@cuedot/client/protocol'
import type { DocumentShape } from './shape.ts'
import type { SlotDocuments } from './slot-documents.ts'
import { versionToken } from './token.ts'

/** By runtime: by what a new process knows its roll again. See `Runtime.recall`. */
export type RollNotes = Readonly<Record<string, string>>

/**
 * The rolls towards the active slot that were noted. The note is a pending version that differs
 * from the current one in nothing else; whatever is staged next takes its place, and it is never
 * promoted. One that was made before the rotation turned is worth nothing.
 */
export function notedRolls(documents: SlotDocuments): RollNotes {
  const { current, pending } = documents.versions
  const { rotation, active } = current.document
  const note = pending?.document
  if (rotation === undefined || note?.rotation?.rolls === undefined) return {}
  const { id, back_out: backOut, rolls } = note.rotation
  const isOurs =
    documents.facts().pending === 'none' &&
    note.active === active &&
    id === rotation.id &&
    backOut === rotation.back_out
  return isOurs ? rolls : {}
}

/** A version to be staged and never promoted. */
export interface RollNote {
  readonly value: Sensitive
  readonly token: string
}

/** A version like the current one with these rolls noted. */
export function rollNote(
  documents: SlotDocuments,
  shape: DocumentShape,
  rolls: RollNotes,
): RollNote {
  const { document } = documents.versions.current
  const { rotation, active: slot } = document
  if (rotation === undefined) throw new Error('no rotation is open that could have rolls')
  const { currentId, pendingId } = documents
  const action = { step: `roll ${JSON.stringify(rolls)}`, slot }
  const value = encodeSlotDocument(shape.edit(document, { rotation: { ...rotation, rolls } }))
  const token = versionToken({ rotationId: rotation.id, action, currentId, pendingId })
  return { value, token }
}
