import { openStore } from '../../compose.ts'
import { detectMysqlFamily } from '../../compose/drop-in.ts'
import type { StoreConfig } from '../../config/types.ts'
import { parseFlatVersion, parseSlotVersion } from '../../engine/documents/parse-version.ts'
import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { SecretVersion } from '../../ports/secret-store.ts'
import type { Variables } from './variables.ts'

/** Where OpenEMR's database is, as the two secrets say. */
export interface DatabasePlace {
  readonly engine: 'mariadb' | 'mysql'
  readonly host: string
  readonly port: number
  readonly dbname: string
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
  const slots = parseSlotVersion(await currentOf(slotSecret, variables, call), slotSecret).document
  const admin = parseFlatVersion(await currentOf(adminSecret, variables, call), adminSecret)
  const active = slots.slots[slots.active]
  const { host, port } = admin.document.credential.host === '' ? active : admin.document.credential
  const dbname = active.dbname || 'openemr'
  if (!/^[\p{L}\p{N}_-]+$/u.test(dbname)) {
    const problem = `Unsupported dbname for rotation: ${dbname}`
    throw new RotatorError('ERR_CONFIG', { file: slotSecret, path: 'dbname', problem })
  }
  const engine = await detectMysqlFamily({ host, port }, call())
  return { engine, host, port, dbname }
}

async function currentOf(
  secret: string,
  variables: Variables,
  call: () => Call,
): Promise<SecretVersion> {
  const store = await openStore(secretOf(secret, variables))
  const version = await store.version('AWSCURRENT', call())
  if (version === undefined) throw new RotatorError('ERR_STORE_NOT_FOUND', { secret })
  return version
}
