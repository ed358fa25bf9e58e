import { isPlaceholder } from '@cuedot/client/protocol'
import type { Credential, Sensitive } from '@cuedot/client/protocol'
import { isRotatorError } from '../errors.ts'
import type { Call } from '../ports/call.ts'
import type { AdminOptions, AdminSession, Database } from '../ports/database.ts'
import type { SecretStore, SecretVersion } from '../ports/secret-store.ts'
import { parseFlatVersion } from './documents/parse-version.ts'

/** An open admin session, and which login opened it. */
export interface OpenedAdmin {
  readonly session: AdminSession
  readonly credential: Credential
  /** Passwords that the server refused before. */
  readonly denied: readonly Sensitive[]
}

interface AdminSearch {
  readonly store: SecretStore
  readonly database: Database
  readonly options: AdminOptions
  readonly call: () => Call
  /** Tried before the secret is read. */
  readonly known: Credential | undefined
}

/**
 * Opens the admin session with whichever version of the admin secret logs in: the current one, then
 * the staged one (a rotation of the admin was interrupted), then the previous one (the database was
 * restored from a backup). Only a refused login leads to the next; an unreachable server never
 * does. A login that is known already comes before all of them.
 *
 * @returns undefined when the server refused them all.
 */
export async function openAdmin(search: AdminSearch): Promise<OpenedAdmin | undefined> {
  const { store, call, known } = search
  const denied: Sensitive[] = []
  const tried = async (credential: Credential): Promise<OpenedAdmin | undefined> => {
    if (isKnown(credential.password, denied)) return undefined
    const session = await tryAdmin(search, credential)
    if (session) return { session, credential, denied }
    denied.push(credential.password)
    return undefined
  }
  const opened = known && (await tried(known))
  if (opened) return opened
  for (const label of ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'] as const) {
    const version = await store.version(label, call())
    const credential = version && readCredential(version, store.secret, label === 'AWSCURRENT')
    const found = credential && (await tried(credential))
    if (found) return found
  }
  return undefined
}

function isKnown(password: Sensitive, denied: readonly Sensitive[]): boolean {
  return isPlaceholder(password) || denied.some((known) => known.equals(password))
}

/** Only the current version must be readable; another one may be somebody else's half-made work. */
function readCredential(
  version: SecretVersion,
  secret: string,
  required: boolean,
): Credential | undefined {
  try {
    return parseFlatVersion(version, secret).document.credential
  } catch (error) {
    if (!required && isRotatorError(error)) return undefined
    throw error
  }
}

async function tryAdmin(
  { database, options, call }: AdminSearch,
  credential: Credential,
): Promise<AdminSession | undefined> {
  try {
    return await database.admin(credential, options, call())
  } catch (error) {
    if (isRotatorError(error) && error.code === 'ERR_DB_AUTH') return undefined
    throw error
  }
}
