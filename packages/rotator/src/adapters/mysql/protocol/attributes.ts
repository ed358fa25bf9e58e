import type { Call } from '../../../ports/call.ts'
import { RotatorError } from '../../../errors.ts'
import { versionInName } from '../../common/credential-version.ts'
import type { Cell, Connection } from './connection.ts'

/** What a client tells of itself when it connects. Empty texts: it does not say. */
export interface ClientAttributes {
  readonly program: string
  /** The version of the credential that it logs in with. */
  readonly credentialVersion: string
}

/** The names of the attributes; the first is the drivers' own. */
const PROGRAM = 'program_name'
const CREDENTIAL_VERSION = 'cred_version'

/**
 * What clients say of themselves, by connection. Empty where performance_schema is off (MariaDB's
 * default) or the admin may not read it.
 */
export async function readAttributes(
  connection: Connection,
  call: Call,
): Promise<ReadonlyMap<Cell | undefined, ClientAttributes>> {
  const sql =
    'SELECT PROCESSLIST_ID, ATTR_NAME, ATTR_VALUE FROM performance_schema.session_connect_attrs' +
    ` WHERE ATTR_NAME IN ('${PROGRAM}', '${CREDENTIAL_VERSION}')`
  try {
    const rows = await connection.run({ operation: 'read connection attributes', sql }, call)
    const found = new Map<Cell | undefined, ClientAttributes>()
    for (const [id, name, value] of rows) {
      const known = found.get(id) ?? { program: '', credentialVersion: '' }
      found.set(id, { ...known, ...told(name, String(value ?? ''), known) })
    }
    return found
  } catch (error) {
    if (error instanceof RotatorError && error.code === 'ERR_DB_DENIED') return new Map()
    throw error
  }
}

/** Clients that can tell their name alone write the version into it. */
function told(
  name: Cell | undefined,
  value: string,
  known: ClientAttributes,
): Partial<ClientAttributes> {
  if (name !== PROGRAM) return { credentialVersion: value || known.credentialVersion }
  const credentialVersion = known.credentialVersion || versionInName(value)
  return { program: value, credentialVersion }
}
