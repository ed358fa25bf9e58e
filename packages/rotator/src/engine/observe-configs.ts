import type { Credential } from '@cuedot/client/protocol'
import type { ConfigFacts, Holding } from '../domain/observed.ts'
import { SLOTS } from '../domain/slot.ts'
import type { PublishedCredential } from '../ports/config-target.ts'
import type { Desk } from './desk.ts'
import type { SlotDocuments } from './documents/slot-documents.ts'

/**
 * What consumers find at each config target, told apart by user, by password and, if need be, by
 * login.
 */
export async function observeConfigs(
  desk: Desk,
  documents: SlotDocuments,
): Promise<readonly ConfigFacts[]> {
  const facts: ConfigFacts[] = []
  for (const config of desk.target.configs) {
    const published = await config.read(desk.call())
    desk.secrets.add(published.password)
    facts.push({ id: config.id, holds: await holding(desk, documents, published) })
  }
  return facts
}

async function holding(
  desk: Desk,
  documents: SlotDocuments,
  published: PublishedCredential,
): Promise<Holding> {
  const slot = SLOTS.find((name) => documents.username(name) === published.username)
  if (slot === undefined) {
    const stranger: Credential = { ...documents.credential('A'), ...login(published) }
    return (await desk.logins.works(stranger)) ? 'foreign' : 'dead'
  }
  const credential = documents.credential(slot)
  if (credential.password.equals(published.password)) return slot
  if (desk.logins.accepted(slot)?.equals(published.password) !== true) {
    // One user has one password: where another one is known to work, this one does not.
    if (desk.logins.accepted(slot) !== undefined) return 'dead'
    if (!(await desk.logins.works({ ...credential, ...login(published) }))) return 'dead'
  }
  desk.evidence.found.set(slot, published.password)
  return slot === 'A' ? 'lost-A' : 'lost-B'
}

function login({
  username,
  password,
}: PublishedCredential): Pick<Credential, 'username' | 'password'> {
  return { username, password }
}
