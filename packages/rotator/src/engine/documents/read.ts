import type { StoreReading } from '../../ports/secret-store.ts'
import { parseFlatVersion, parseForeign, parseSlotVersion } from './parse-version.ts'
import type { RunRecord } from './record.ts'
import { SlotDocuments } from './slot-documents.ts'
import { UserDocuments } from './user-documents.ts'

/** @throws ERR_DOCUMENT_* when the current version is no slot document. */
export function readSlotDocuments(
  reading: StoreReading,
  secret: string,
  run: RunRecord,
): SlotDocuments {
  const current = parseSlotVersion(reading.current, secret)
  const pending = parseForeign(reading.pending, (version) => parseSlotVersion(version, secret))
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
