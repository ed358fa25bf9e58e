import type { SlotDocuments } from './slot-documents.ts'

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
