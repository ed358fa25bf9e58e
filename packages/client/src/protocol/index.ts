export { adoptedDocument, droppedKeys, readAdoptable } from './adoption.ts'
export type { Adoptable, Adopting } from './adoption.ts'
export { isPlaceholder } from './credential.ts'
export type { Credential } from './credential.ts'
export { dualDiffersBeyondRotation, editDualDocument, parseDualDocument } from './dual-document.ts'
export {
  editFlatDocument,
  encodeFlatDocument,
  flatDiffersBeyondRotation,
  parseFlatDocument,
} from './flat-document.ts'
export type { FlatDocument } from './flat-document.ts'
export { DocumentError } from './json-document.ts'
export type { DocumentErrorCode, JsonObject } from './json-document.ts'
export { Sensitive } from './sensitive.ts'
export { isSlotName } from './records.ts'
export type { InitialPlaces, LastRecord, Place, RotationRecord, SlotName } from './records.ts'
export {
  parseRotationDocument,
  readSuccessor,
  rotationEngine,
  successorOf,
} from './rotation-document.ts'
export type {
  DocumentEndpoint,
  RotationDocument,
  RotationEngine,
  Succession,
} from './rotation-document.ts'
export {
  differsBeyondRotation,
  editSlotDocument,
  encodeSlotDocument,
  parseSlotDocument,
} from './slot-document.ts'
export type { PasswordChange, SlotDocument, SlotDocumentEdit } from './slot-document.ts'
