import { isPlaceholder } from '@cuedot/client/protocol'
import type { Adoptable, Credential } from '@cuedot/client/protocol'
import type { AdoptionFacts } from '../../domain/adoption.ts'
import type { PublishedCredential } from '../../ports/config-target.ts'
import { parseFlatVersion } from '../documents/parse-version.ts'
import type { Desk } from '../desk.ts'

/** The credential that runs today, as far as it can be told. */
export interface Running {
  readonly fact: AdoptionFacts['running']
  readonly credential?: Credential
  /** For a person: who shows what. Names only. */
  readonly details: string
}

/** Where the database is, as the configuration says. */
export type Place = Pick<Credential, 'host' | 'port' | 'dbname'>

/** The writer, from its name `host:port`. */
export function placeOf(desk: Desk): Place {
  const [writer = ''] = desk.target.database.endpoints
  const colon = writer.lastIndexOf(':')
  return { host: writer.slice(0, colon), port: Number(writer.slice(colon + 1)), dbname: '' }
}

interface Shown {
  readonly where: string
  readonly credential: Credential
}

/**
 * Finds the running credential: what config targets hold, else what the document holds; and proves
 * it on every endpoint. What is in the secret and logs in as somebody else is a contradiction: its
 * password must not vanish from the store.
 */
export async function findRunning(desk: Desk, found: Adoptable, place: Place): Promise<Running> {
  if (found.kind === 'slots') {
    const { slots, active } = found.document
    return await proven(desk, slots[active])
  }
  const flat = found.kind === 'flat' ? found.credential : undefined
  const shown = await published(desk, { ...place, ...flat })
  const [first] = shown
  if (shown.some(({ credential }) => first && !same(credential, first.credential)))
    return contradiction(shown)
  if (first === undefined)
    return flat
      ? await proven(desk, flat)
      : { fact: 'unknown', details: 'no config target, no flat document' }
  if (flat && !same(flat, first.credential) && (await logsIn(desk, flat)))
    return contradiction([...shown, { where: 'the secret', credential: flat }])
  return await proven(desk, first.credential)
}

async function published(desk: Desk, base: Place): Promise<readonly Shown[]> {
  const shown: Shown[] = []
  for (const config of desk.target.configs) {
    const held = await config.read(desk.call())
    desk.secrets.add(held.password)
    if (!isPlaceholder(held.password))
      shown.push({ where: config.id, credential: fullCredential(base, held) })
  }
  return shown
}

function fullCredential(
  base: Place,
  { username, password, ...place }: PublishedCredential,
): Credential {
  const { host, port, dbname } = { ...base, ...place }
  return { username, password, host, port, dbname }
}

function same(a: Credential, b: Credential): boolean {
  return a.username === b.username && a.password.equals(b.password)
}

function contradiction(shown: readonly Shown[]): Running {
  const [first] = shown
  const details = shown.map(({ where, credential }) => {
    const also =
      credential.username === first?.credential.username && credential !== first.credential
    const other = also && !credential.password.equals(first.credential.password)
    return `${where}: ${credential.username}${other ? ' with another password' : ''}`
  })
  return { fact: 'contradictory', details: details.join(', ') }
}

async function proven(desk: Desk, credential: Credential): Promise<Running> {
  desk.secrets.add(credential.password)
  const { username } = credential
  if (username === (await adminName(desk))) return { fact: 'admin', details: username }
  if (!(await logsIn(desk, credential))) return { fact: 'denied', details: `user ${username}` }
  return { fact: 'proven', credential, details: `user ${username}` }
}

/** Who the admin is, for whoever must not be it. */
export async function adminName(desk: Desk): Promise<string | undefined> {
  const { admin } = desk.target
  const version = await admin.version('AWSCURRENT', desk.call())
  return version && parseFlatVersion(version, admin.secret).document.credential.username
}

async function logsIn(desk: Desk, credential: Credential): Promise<boolean> {
  const { database } = desk.target
  for (const endpoint of database.endpoints)
    if ((await database.login(credential, endpoint, desk.call())) !== 'accepted') return false
  return true
}
