import { RotatorError } from '../../../errors.ts'
import type { Call } from '../../../ports/call.ts'
import type { Cell, Connection, Row } from '../protocol/connection.ts'
import type { UserEntry } from '../protocol/entries.ts'
import type { Requirement } from '../protocol/requirement.ts'

/** Resource limits by the names that SQL gives them; 0: none. Times are in seconds. */
export type Limits = Readonly<Record<LimitName, number>>
/** One of {@link LIMIT_NAMES}. */
export type LimitName = (typeof LIMIT_NAMES)[number]
/** Every resource limit, in the order in which statements name them. */
export const LIMIT_NAMES = [
  'MAX_QUERIES_PER_HOUR',
  'MAX_UPDATES_PER_HOUR',
  'MAX_CONNECTIONS_PER_HOUR',
  'MAX_USER_CONNECTIONS',
  'MAX_STATEMENT_TIME',
] as const

/** One entry of the user table, without its password's hash. */
export interface AccountEntry extends UserEntry {
  /** Authentication plugins, any of which lets the user in. */
  readonly plugins: readonly string[]
  readonly limits: Limits
  /** Password lifetime in days; 0: never expires; -1: as the server's default says. */
  readonly lifetimeDays: number
  /** Empty: none. */
  readonly defaultRole: string
}

const KINDS: readonly Requirement['kind'][] = ['none', 'tls', 'certificate', 'named certificate']

/**
 * Keys of `mysql.global_priv.Priv`, in the order in which they are selected. Never the whole
 * document: it holds the hash.
 * Source: MariaDB's documentation of mysql.global_priv; the limits' keys as MariaDB 10.11 writes
 * them (mariadb.int.test.ts).
 */
const KEYS: readonly string[] = [
  'plugin',
  'account_locked',
  'ssl_type',
  'ssl_cipher',
  'x509_issuer',
  'x509_subject',
  'password_lifetime',
  'default_role',
  'max_questions',
  'max_updates',
  'max_connections',
  'max_user_connections',
  'max_statement_time',
]

/**
 * Every entry of this user, one for each host pattern, in a fixed order. Roles are not users.
 * @throws ERR_DB_DENIED without SELECT on the database `mysql`
 */
export async function readAccounts(
  connection: Connection,
  user: string,
  call: Call,
): Promise<readonly AccountEntry[]> {
  const values = KEYS.map((key) => `JSON_VALUE(Priv, '$.${key}')`).join(', ')
  const rows = await connection.run(
    {
      operation: 'read mysql.global_priv',
      sql:
        `SELECT Host, JSON_EXTRACT(Priv, '$.auth_or[*].plugin'), ${values}` +
        ' FROM mysql.global_priv WHERE BINARY User = ?' +
        " AND COALESCE(JSON_VALUE(Priv, '$.is_role'), 0) = 0 ORDER BY Host",
      values: [user],
    },
    call,
  )
  return rows.map((row) => toEntry(user, row))
}

function toEntry(user: string, row: Row): AccountEntry {
  const [host = '', alternatives = null, ...values] = row
  const text = (key: string): string => {
    const value = values[KEYS.indexOf(key)]
    return value === null || value === undefined ? '' : String(value)
  }
  const number = (key: string, fallback = 0): number =>
    text(key) === '' ? fallback : Number(text(key))
  const plugins = pluginsOf(text('plugin'), alternatives)
  return {
    user,
    host: String(host),
    plugins,
    hasSecond: plugins.length > 1,
    locked: text('account_locked') === '1',
    requirement: {
      kind: KINDS[number('ssl_type')] ?? 'none',
      cipher: text('ssl_cipher'),
      issuer: text('x509_issuer'),
      subject: text('x509_subject'),
    },
    limits: {
      MAX_QUERIES_PER_HOUR: number('max_questions'),
      MAX_UPDATES_PER_HOUR: number('max_updates'),
      MAX_CONNECTIONS_PER_HOUR: number('max_connections'),
      MAX_USER_CONNECTIONS: number('max_user_connections'),
      MAX_STATEMENT_TIME: number('max_statement_time'),
    },
    lifetimeDays: number('password_lifetime', -1),
    defaultRole: text('default_role'),
  }
}

/** The chain's other plugins stand in `auth_or`; which of them comes first does not matter here. */
function pluginsOf(first: string, alternatives: Cell): readonly string[] {
  const others: unknown = JSON.parse(String(alternatives))
  const names = Array.isArray(others) ? others.map(String) : []
  return [...names, first === '' ? NATIVE : first]
}

/** The one plugin whose verifier is made here. An entry that names none has this one. */
export const NATIVE = 'mysql_native_password'

/**
 * Refuses users whose password is not all that counts: sockets, PAM, ed25519, or a choice of them.
 * @throws ERR_DB_UNSUPPORTED
 */
export function assertNative(connection: Connection, entries: readonly AccountEntry[]): void {
  const other = entries.find(({ plugins }) => plugins.some((plugin) => plugin !== NATIVE))
  if (other === undefined) return
  const problem = `"${other.user}" at "${other.host}" logs in by ${other.plugins.join(' or ')}`
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: connection.endpoint, problem })
}
