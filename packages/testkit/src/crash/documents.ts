import { Sensitive, isPlaceholder } from '@cuedot/client/protocol'
import type { Documents } from './cases.ts'
import type { Labelled } from './secrets.ts'

/** A credential as documents hold it. */
export interface Plain {
  readonly username: string
  readonly password: string
}

/** A document, as far as the invariants look into it. */
interface Document {
  readonly [key: string]: unknown
}

/** A labelled version with the credentials in it. */
export interface Read extends Labelled {
  readonly document: Document
  readonly credentials: readonly Plain[]
}

/** Looks for credentials in a document, whatever strategy it belongs to. */
export function read(labelled: Labelled): Read {
  const document: Document = JSON.parse(labelled.text)
  const credentials = [document, ...Object.values(document), otherOf(document)].flatMap(
    credentialOf,
  )
  return { ...labelled, document, credentials }
}

/** The other password of a user that may have two. */
function otherOf({ username, other_password: other }: Document): unknown {
  return typeof other === 'object' ? { username, ...other } : undefined
}

/** A document is one credential, or holds several one level down. A stand-in is none. */
function credentialOf(value: unknown): readonly Plain[] {
  return pairOf(value).filter((pair) => !isStandIn(pair))
}

function pairOf(value: unknown): readonly Plain[] {
  if (typeof value !== 'object' || value === null) return []
  const { username, password }: Document = { ...value }
  if (typeof username !== 'string' || typeof password !== 'string') return []
  return [{ username, password }]
}

function isStandIn({ password }: Plain): boolean {
  return isPlaceholder(new Sensitive(password, 'password'))
}

/** What a deployment has left in the slots in place of passwords; no user may ever have one. */
export function standInsOf(documents: readonly Read[]): readonly Plain[] {
  return documents.flatMap(({ document }) =>
    Object.values(document).flatMap(pairOf).filter(isStandIn),
  )
}

/**
 * The credential that AWSCURRENT names as active, and the admin's where that is a stand-in: nobody
 * has rotated yet. Undefined where it names none.
 */
export function activeOf(documents: readonly Read[]): Plain | undefined {
  const { document } = current(documents, 'slots')
  const slot = document['active_slot']
  const [named] = pairOf(typeof slot === 'string' ? document[slot] : document)
  if (named === undefined || !isStandIn(named)) return named
  const [admin] = current(documents, 'admin').credentials
  return admin
}

/** The current version of a secret. @throws Error where there is none */
export function current(documents: readonly Read[], secret: Labelled['secret']): Read {
  const found = documents.find((one) => one.secret === secret && one.label === 'AWSCURRENT')
  if (found === undefined) throw new Error(`the secret ${secret} has no AWSCURRENT`)
  return found
}

/** I4: at most one rotation is open, and what is pending belongs to it. */
export function openRotations(documents: readonly Read[]): readonly string[] {
  const open = documents
    .filter(({ secret, label }) => secret === 'slots' && label !== 'AWSPREVIOUS')
    .map(({ document }) => idOf(document['rotation']))
    .filter((id) => id !== undefined)
  return new Set(open).size > 1 ? ['I4 two rotations are open'] : []
}

function idOf(record: unknown): unknown {
  return typeof record === 'object' && record !== null && 'id' in record ? record.id : undefined
}

/** I5: nothing is open, nothing is pending. */
export function unfinished(documents: readonly Read[]): readonly string[] {
  return (['slots', 'admin'] as const).flatMap((secret) => {
    const now = current(documents, secret)
    const pending = documents.find((one) => one.secret === secret && one.label === 'AWSPENDING')
    const open = now.document['rotation'] !== undefined
    return [
      ...(open ? [`I5 a rotation of ${secret} is still open`] : []),
      ...(pending && pending.text !== now.text ? [`I5 a version of ${secret} is pending`] : []),
    ]
  })
}

/** What the secrets hold now, for a world to begin with. */
export function currentDocuments(documents: readonly Read[]): Documents {
  const { document: slots } = current(documents, 'slots')
  const { document: admin } = current(documents, 'admin')
  return { slots, admin }
}
