import type { StoreReading } from '../../ports/secret-store.ts'
import { parseFlatVersion, parseForeign } from './parse-version.ts'
import type { RunRecord } from './record.ts'
import type { DocumentShape } from './shape.ts'
import { SlotDocuments } from './slot-documents.ts'
import { UserDocuments } from './user-documents.ts'

/** @throws ERR_DOCUMENT_* when the current version has not this shape. */
export function readSlotDocuments(
  reading: StoreReading,
  secret: string,
  run: RunRecord & { readonly shape: DocumentShape },
): SlotDocuments {
  const { shape } = run
  const current = shape.parse(reading.current, secret)
  const pending = parseForeign(reading.pending, (version) => shape.parse(version, secret))
  return new SlotDocuments({ current, ...pending }, secret, run)
}

/** @throws ERR_DOCUMENT_* when the current version is no flat document. */
export function readUserDocuments(
  reading: StoreReading,
  secret: string,
  run: RunRecord,
): UserDocuments {
  const current = parseFlatVersion(reading.current, secret)
  const pending = parseForeign(reading.pending, (version) => parseFlatVersion(version, secret))
  return new UserDocuments({ current, ...pending }, secret, run)
}
