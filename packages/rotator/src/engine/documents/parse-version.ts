import {
  DocumentError,
  parseDualDocument,
  parseFlatDocument,
  parseRotationDocument,
  parseSlotDocument,
  readAdoptable,
} from '@cuedot/client/protocol'
import type {
  Adoptable,
  Credential,
  FlatDocument,
  RotationDocument,
  Sensitive,
  SlotDocument,
} from '@cuedot/client/protocol'
import { RotatorError } from '../../errors.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'
import type { Parsed } from './record.ts'

/** @throws ERR_DOCUMENT_* naming the version and the place, never a value. */
export function parseSlotVersion(version: SecretVersion, secret: string): Parsed<SlotDocument> {
  return parseVersion(version, secret, parseSlotDocument)
}

/** @throws ERR_DOCUMENT_* naming the version and the place, never a value. */
export function parseDualVersion(version: SecretVersion, secret: string): Parsed<SlotDocument> {
  return parseVersion(version, secret, parseDualDocument)
}

/** @throws ERR_DOCUMENT_* naming the version and the place, never a value. */
export function parseFlatVersion(version: SecretVersion, secret: string): Parsed<FlatDocument> {
  return parseVersion(version, secret, parseFlatDocument)
}

/** @throws ERR_DOCUMENT_* naming the version and the place, never a value. */
export function parseRotationVersion(
  version: SecretVersion,
  secret: string,
): Parsed<RotationDocument> {
  return parseVersion(version, secret, parseRotationDocument)
}

/**
 * Reads a version that may be adopted; `place` stands in for what the document does not say.
 * @throws ERR_DOCUMENT_* naming the version and the place, never a value.
 */
export function parseAdoptable(
  version: SecretVersion,
  secret: string,
  place: Pick<Credential, 'host' | 'port' | 'dbname'>,
): Adoptable {
  return parseVersion(version, secret, (text) => readAdoptable(text, place)).document
}

/** A pending version that is no document of ours was staged by somebody else. */
export function parseForeign<D>(
  version: SecretVersion | undefined,
  parse: (version: SecretVersion) => Parsed<D>,
): { pending?: Parsed<D>; foreign: boolean } {
  if (version === undefined) return { foreign: false }
  try {
    return { pending: parse(version), foreign: false }
  } catch (error) {
    if (error instanceof RotatorError) return { foreign: true }
    throw error
  }
}

function parseVersion<D>(
  version: SecretVersion,
  secret: string,
  parse: (text: Sensitive) => D,
): Parsed<D> {
  try {
    return { version, document: parse(version.value) }
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    const details = { secret, version: version.id, problem: error.message }
    throw new RotatorError(error.code, details)
  }
}
