import type { Credential, Place } from '@cuedot/client/protocol'
import type { ConfigFacts, Holding } from '../domain/observed.ts'
import { SLOTS } from '../domain/slot.ts'
import type { Slot } from '../domain/slot.ts'
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
  const initial: Record<string, Place> = {}
  for (const config of desk.target.configs) {
    const published = await config.read(desk.call())
    desk.secrets.add(published.password)
    const holds = await holding(desk, documents, published)
    if (holds === 'initial') initial[config.id] = placeIn(published)
    facts.push({ id: config.id, holds })
  }
  desk.evidence.initial = initial
  return facts
}

function placeIn({ host = '', port, dbname = '' }: PublishedCredential): Place {
  return {
    ...(host !== '' && { host }),
    ...(port !== undefined && { port }),
    ...(dbname !== '' && { dbname }),
  }
}

async function holding(
  desk: Desk,
  documents: SlotDocuments,
  published: PublishedCredential,
): Promise<Holding> {
  const slot = slotHeld(documents, published)
  if (slot === undefined && published.username === desk.initialLogin?.username)
    // Its password is known, and no login is tried with another one.
    return desk.initialLogin.password.equals(published.password) ? 'initial' : 'dead'
  if (slot === undefined) {
    const stranger: Credential = { ...documents.credential('A'), ...login(published) }
    return (await desk.logins.works(stranger)) ? 'foreign' : 'dead'
  }
  const credential = documents.credential(slot)
  if (credential.password.equals(published.password))
    return isNamed(credential, published) ? slot : 'dead'
  if (desk.logins.accepted(slot)?.equals(published.password) !== true) {
    // One user has one password: where another one is known to work, this one does not.
    if (desk.logins.accepted(slot) !== undefined) return 'dead'
    if (!(await desk.logins.works({ ...credential, ...login(published) }))) return 'dead'
  }
  desk.evidence.found.set(slot, published.password)
  return slot === 'A' ? 'lost-A' : 'lost-B'
}

/** Two users are told apart by name; two passwords of one user by themselves. */
function slotHeld(documents: SlotDocuments, published: PublishedCredential): Slot | undefined {
  const slots = SLOTS.filter((name) => documents.username(name) === published.username)
  const holds = (name: Slot): boolean =>
    documents.credential(name).password.equals(published.password)
  return slots.find(holds) ?? (slots.length > 1 ? documents.facts().active : slots[0])
}

/** Sessions of consumers must be able to say which password they have used. */
function isNamed({ version }: Credential, published: PublishedCredential): boolean {
  return published.version === undefined || version === undefined || published.version === version
}

function login({
  username,
  password,
}: PublishedCredential): Pick<Credential, 'username' | 'password'> {
  return { username, password }
}
