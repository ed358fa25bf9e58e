import type { Credential } from '@cuedot/client/protocol'
import { openStore } from '../../compose.ts'
import { detectMysqlFamily } from '../../compose/drop-in.ts'
import type { StoreConfig } from '../../config/types.ts'
import type { Known } from '../../engine/environment.ts'
import { parseFlatVersion, parseSlotVersion } from '../../engine/documents/parse-version.ts'
import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { SecretStore } from '../../ports/secret-store.ts'
import type { Variables } from './variables.ts'

/** Where OpenEMR's database is, as the two secrets say. */
export interface DatabasePlace {
  readonly engine: 'mariadb' | 'mysql'
  readonly host: string
  readonly port: number
  readonly dbname: string
  /** What both secrets held. */
  readonly known: Required<Known>
}

/** A secret in AWS Secrets Manager, where the variables say. */
export function secretOf(secret: string, { region }: Variables): StoreConfig {
  return { kind: 'secrets-manager', secret, region }
}

/**
 * Reads both secrets for the address of the database, and asks the server what it is. The admin's
 * secret knows the host best: a slot document may still have a deployment script's stand-in.
 *
 * @throws ERR_STORE_*, ERR_DOCUMENT_*, ERR_DB_UNREACHABLE, ERR_DB_OVERLOADED, ERR_DB_UNSUPPORTED;
 *   ERR_CONFIG for a database name that the drop-in does not take
 */
export async function findDatabase(variables: Variables, call: () => Call): Promise<DatabasePlace> {
  const { slotSecret, adminSecret } = variables
  const store = await (await openStore(secretOf(slotSecret, variables))).read(call())
  const { slots, active: name } = parseSlotVersion(store.current, slotSecret).document
  const admin = await adminOf(await openStore(secretOf(adminSecret, variables)), call)
  const active = slots[name]
  const { host, port } = admin.host === '' ? active : admin
  const dbname = active.dbname || 'openemr'
  if (!/^[\p{L}\p{N}_-]+$/u.test(dbname)) {
    const problem = `Unsupported dbname for rotation: ${dbname}`
    throw new RotatorError('ERR_CONFIG', { file: slotSecret, path: 'dbname', problem })
  }
  const engine = await detectMysqlFamily({ host, port }, call())
  return { engine, host, port, dbname, known: { store, admin } }
}

async function adminOf(store: SecretStore, call: () => Call): Promise<Credential> {
  const { secret } = store
  const version = await store.version('AWSCURRENT', call())
  if (version === undefined) throw new RotatorError('ERR_STORE_NOT_FOUND', { secret })
  return parseFlatVersion(version, secret).document.credential
}
