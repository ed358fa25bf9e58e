import type { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import { alterRole } from './alter-role.ts'
import type { Link } from './link.ts'
import { isVerifier, scramVerifier } from './scram.ts'
import { identifier, literal } from './sql.ts'

/** Whose password becomes what. */
export interface PasswordChange {
  readonly username: string
  readonly password: Sensitive
  /** The user is the session's own: it logs in already, and may not alter more of itself. */
  readonly self: boolean
}

/**
 * Gives a role a password and lets it log in. The server is sent a SCRAM verifier only, and where
 * the admin may read it back (superusers), what is stored is compared with it.
 *
 * A role may always change its own password, but LOGIN needs CREATEROLE (and ADMIN OPTION on the
 * role since 16). Source: PostgreSQL documentation, ALTER ROLE.
 */
export async function changePassword(
  link: Link,
  change: PasswordChange,
  call: Call,
): Promise<void> {
  const verifier = await scramVerifier(change.password)
  if (!isVerifier(verifier)) throw new TypeError('the verifier is malformed')
  const readable = await mayReadBack(link, call)
  const login = change.self ? '' : ' LOGIN'
  const role = identifier(change.username)
  const sql = `ALTER ROLE ${role}${login} PASSWORD ${literal(verifier)}`
  await alterRole(link, { sql, operation: 'set the password' }, call)
  if (!readable || (await readBack(link, change.username, call)) === verifier) return
  const problem = `the server did not store the verifier of role "${change.username}" as sent`
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: link.endpoint, problem })
}

async function mayReadBack(link: Link, call: Call): Promise<boolean> {
  const sql = `SELECT has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT') AS may`
  const [row] = await link.query<{ may: boolean }>({ sql, operation: READ_BACK }, call)
  return row?.may === true
}

const READ_BACK = 'read back the verifier'

/** The password is set by now: what goes wrong here must not sound as if it were not. */
async function readBack(link: Link, username: string, call: Call): Promise<string | null> {
  const sql = 'SELECT rolpassword AS stored FROM pg_catalog.pg_authid WHERE rolname = $1'
  const statement = { sql, values: [username], operation: READ_BACK }
  try {
    const [role] = await link.query<{ stored: string | null }>(statement, call)
    return role?.stored ?? null
  } catch {
    const details = { operation: READ_BACK, where: link.endpoint }
    throw new RotatorError('ERR_OUTCOME_UNKNOWN', details)
  }
}
