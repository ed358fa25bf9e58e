import { createHash } from 'node:crypto'
import type { Sensitive } from '@cuedot/client/protocol'

/**
 * The SQL mode that every session of ours sets first: backslashes are plain characters and names
 * stand in backticks, so {@link quoteText} and {@link quoteName} are complete whatever the server's
 * default is.
 */
export const SESSION_MODE: string = 'NO_BACKSLASH_ESCAPES'

/** One entry of the user table: MariaDB and MySQL tell users apart by name and host pattern. */
export interface Account {
  readonly user: string
  /** Host pattern: an address, a name, `%`, `10.%`. */
  readonly host: string
}

/** A text literal. Correct only under {@link SESSION_MODE}. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A name: of a database, a table, a column, a role. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** An account as statements name it: `` `app`@`10.%` ``. */
export function quoteAccount(account: Account): string {
  return `${quoteName(account.user)}@${quoteName(account.host)}`
}

/**
 * What the server stores for `mysql_native_password`: `*` and SHA1(SHA1(password)) in upper-case
 * hexadecimal. Sending this instead of the password keeps the password out of the server's logs.
 * Source: `SELECT PASSWORD(…)` gives the same (mariadb.int.test.ts).
 */
export function nativeHash(password: Sensitive): string {
  const once = createHash('sha1').update(password.reveal(), 'utf8').digest()
  return `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`
}
