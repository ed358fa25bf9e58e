import { RotatorError } from '../../../errors.ts'
import type { Call } from '../../../ports/call.ts'
import type { Cell, Connection, Row } from '../protocol/connection.ts'
import type { UserEntry } from '../protocol/entries.ts'
import type { Requirement } from '../protocol/requirement.ts'

/** One entry of the user table, without its password's hash. */
export interface AccountEntry extends UserEntry {
  readonly plugin: string
  /** True when more than a password is asked for (MySQL 8.0.27 and later). */
  readonly multiFactor: boolean
  readonly limits: Limits
  readonly passwords: PasswordOptions
  /** In a fixed order. */
  readonly defaultRoles: readonly Role[]
}

/** A role; its host pattern is `%` unless it was made with another. */
export interface Role {
  readonly role: string
  readonly host: string
}

/** Resource limits by the names that SQL gives them; 0: none. */
export type Limits = Readonly<Record<(typeof LIMIT_NAMES)[number], number>>
/** Every resource limit, in the order in which statements name them. */
export const LIMIT_NAMES = [
  'MAX_QUERIES_PER_HOUR',
  'MAX_UPDATES_PER_HOUR',
  'MAX_CONNECTIONS_PER_HOUR',
  'MAX_USER_CONNECTIONS',
] as const

/** What the server asks of the account's passwords. -1: as the server's default says. */
export interface PasswordOptions {
  /** Days; 0: never expires. */
  readonly lifetime: number
  /** How many old passwords may not be used again. */
  readonly history: number
  /** For how many days. */
  readonly reuseDays: number
  /** Whether a user who changes its own password must give the current one: 1 yes, 0 no. */
  readonly requireCurrent: number
  /** Failed logins in a row after which the account is blocked; 0: never. */
  readonly failedLogins: number
  /** For how many days; here -1 is: until somebody opens it. */
  readonly lockDays: number
}

const KINDS: Readonly<Record<string, Requirement['kind']>> = {
  ANY: 'tls',
  X509: 'certificate',
  SPECIFIED: 'named certificate',
}

/**
 * Columns in the order in which {@link toEntry} reads them. Never the whole of `User_attributes`:
 * it holds the hash of a second password.
 * Sources: MySQL's documentation of the grant tables; the keys of `User_attributes` as MySQL 9.7
 * writes them (mysql-users.int.test.ts).
 */
const COLUMNS: readonly string[] = [
  'Host',
  'plugin',
  "account_locked = 'Y'",
  'ssl_type',
  'CONVERT(ssl_cipher USING utf8mb4)',
  'CONVERT(x509_issuer USING utf8mb4)',
  'CONVERT(x509_subject USING utf8mb4)',
  'max_questions',
  'max_updates',
  'max_connections',
  'max_user_connections',
  'COALESCE(password_lifetime, -1)',
  'COALESCE(Password_reuse_history, -1)',
  'COALESCE(Password_reuse_time, -1)',
  "CASE Password_require_current WHEN 'Y' THEN 1 WHEN 'N' THEN 0 ELSE -1 END",
  "COALESCE(User_attributes->>'$.Password_locking.failed_login_attempts', 0)",
  "COALESCE(User_attributes->>'$.Password_locking.password_lock_time_days', 0)",
  "COALESCE(JSON_CONTAINS_PATH(User_attributes, 'one', '$.multi_factor_authentication'), 0)",
  "COALESCE(JSON_CONTAINS_PATH(User_attributes, 'one', '$.additional_password'), 0)",
]

/**
 * Every entry of this user, one for each host pattern, in a fixed order.
 * @throws ERR_DB_DENIED without SELECT on the database `mysql`
 */
export async function readAccounts(
  connection: Connection,
  user: string,
  call: Call,
): Promise<readonly AccountEntry[]> {
  const rows = await connection.run(
    {
      operation: 'read mysql.user',
      sql: `SELECT ${COLUMNS.join(', ')} FROM mysql.user WHERE BINARY User = ? ORDER BY Host`,
      values: [user],
    },
    call,
  )
  if (rows.length === 0) return []
  const roles = await readDefaultRoles(connection, user, call)
  return rows.map((row) => toEntry(user, row, roles))
}

async function readDefaultRoles(
  connection: Connection,
  user: string,
  call: Call,
): Promise<readonly Row[]> {
  const sql =
    'SELECT HOST, DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST FROM mysql.default_roles' +
    ' WHERE BINARY USER = ? ORDER BY 1, 2, 3'
  return await connection.run({ operation: 'read mysql.default_roles', sql, values: [user] }, call)
}

function toEntry(user: string, row: Row, roles: readonly Row[]): AccountEntry {
  const text = (index: number): string => String(row[index] ?? '')
  const number = (index: number): number => Number(row[index])
  const limits = Object.fromEntries(LIMIT_NAMES.map((name, index) => [name, number(7 + index)]))
  const host = text(0)
  return {
    user,
    host,
    plugin: text(1),
    locked: number(2) === 1,
    requirement: {
      kind: KINDS[text(3)] ?? 'none',
      cipher: text(4),
      issuer: text(5),
      subject: text(6),
    },
    limits: { ...NO_LIMITS, ...limits },
    passwords: {
      lifetime: number(11),
      history: number(12),
      reuseDays: number(13),
      requireCurrent: number(14),
      failedLogins: number(15),
      lockDays: number(16),
    },
    multiFactor: number(17) === 1,
    hasSecond: number(18) === 1,
    defaultRoles: roles.filter(([of]) => of === host).map(([, ...role]) => toRole(role)),
  }
}

/** No resource is limited. */
export const NO_LIMITS: Limits = {
  MAX_QUERIES_PER_HOUR: 0,
  MAX_UPDATES_PER_HOUR: 0,
  MAX_CONNECTIONS_PER_HOUR: 0,
  MAX_USER_CONNECTIONS: 0,
}

function toRole([role, host]: readonly Cell[]): Role {
  return { role: String(role), host: String(host) }
}

/** Plugins whose password is set by `IDENTIFIED … BY` and nothing else (mysql.int.test.ts). */
export const PLUGINS: readonly string[] = ['caching_sha2_password', 'sha256_password']

/** How messages name a login that asks for more than a password. */
export const MULTI_FACTOR = 'more than one factor'

/**
 * Refuses users whose password is not all that counts, or is kept in a way that was never tried.
 * @throws ERR_DB_UNSUPPORTED
 */
export function assertSupported(connection: Connection, entries: readonly AccountEntry[]): void {
  const other = entries.find(({ plugin, multiFactor }) => multiFactor || !PLUGINS.includes(plugin))
  if (other === undefined) return
  const way = other.multiFactor ? MULTI_FACTOR : other.plugin
  const problem = `"${other.user}" at "${other.host}" logs in by ${way}`
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: connection.endpoint, problem })
}
