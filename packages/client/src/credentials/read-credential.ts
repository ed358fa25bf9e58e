import { isPlaceholder } from '../protocol/credential.ts'
import type { Credential } from '../protocol/credential.ts'
import { parseFlatDocument } from '../protocol/flat-document.ts'
import {
  DocumentError,
  demandsTls,
  isObject,
  parseCredential,
  parseJsonObject,
} from '../protocol/json-document.ts'
import type { JsonObject } from '../protocol/json-document.ts'
import { isSlotName } from '../protocol/records.ts'
import type { Sensitive } from '../protocol/sensitive.ts'
import { CredentialsError } from './errors.ts'

/**
 * The credential that a consumer is to use: of a slot document the active slot, of any other
 * document its one user. Only that part of the document is read, so that a rotation which has left
 * the other half in disorder takes no application down.
 *
 * @throws DocumentError; CredentialsError `ERR_PLACEHOLDER`
 */
export function readCredential(text: Sensitive): Credential {
  const raw = parseJsonObject(text)
  const credential = 'active_slot' in raw ? activeSlot(raw) : parseFlatDocument(text).credential
  if (isPlaceholder(credential.password))
    throw new CredentialsError(
      'ERR_PLACEHOLDER',
      'the secret holds a placeholder: nobody has set it',
    )
  return credential
}

function activeSlot(raw: JsonObject): Credential {
  const active = raw['active_slot']
  if (!isSlotName(active))
    throw new DocumentError('ERR_DOCUMENT_SHAPE', '/active_slot', 'must be "A" or "B"')
  const slot = raw[active]
  if (!isObject(slot))
    throw new DocumentError('ERR_DOCUMENT_SHAPE', `/${active}`, 'must be an object: a slot')
  const credential = parseCredential(slot, `/${active}`, `password of slot ${active}`)
  // `cuedot adopt` leaves what a flat document says beside the slots.
  return demandsTls(raw, '') ? { ...credential, ssl: true } : credential
}

/** True when both log in to the same place as the same user with the same password, as safely. */
export function sameCredential(a: Credential, b: Credential): boolean {
  return (
    a.username === b.username &&
    a.password.equals(b.password) &&
    a.host === b.host &&
    a.port === b.port &&
    a.dbname === b.dbname &&
    a.ssl === b.ssl
  )
}
