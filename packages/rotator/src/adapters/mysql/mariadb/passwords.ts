import type { Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import { RotatorError } from '../../../errors.ts'
import type { Connection } from '../protocol/connection.ts'
import type { PasswordChange, PasswordsChange } from '../protocol/dialect.ts'
import { entriesUnlessOwn, existingEntries } from '../protocol/entries.ts'
import { nativeHash, quoteAccount } from '../protocol/sql.ts'
import { NATIVE, assertNative, readAccounts } from './accounts.ts'

/**
 * Gives every host entry of the user this password, as a hash, and unlocks it. What the statement
 * does not name (REQUIRE, limits, password lifetime) stays: tested in mariadb.int.test.ts.
 * @throws ERR_DB_UNSUPPORTED when an entry authenticates in another way than by native password
 */
export async function setPassword(
  connection: Connection,
  change: PasswordChange,
  call: Call,
): Promise<void> {
  const { user, password } = change
  const entries = await entriesUnlessOwn({ connection, user, read: readAccounts }, call)
  if (entries === undefined) return await changeOwnPassword(connection, change, call)
  assertNative(connection, entries)
  const via = `IDENTIFIED VIA ${NATIVE} USING '${nativeHash(password)}'`
  const accounts = entries.map((entry) => `${quoteAccount(entry)} ${via}`).join(', ')
  const operation = `set the password of "${user}"`
  await connection.run({ operation, sql: `ALTER USER ${accounts} ACCOUNT UNLOCK` }, call)
}

/**
 * One statement, complete: whatever the user accepted before, afterwards it is these. The server
 * tries them in this order.
 * @throws ERR_DB_UNSUPPORTED when an entry authenticates in another way than by native password
 */
export async function setPasswords(
  connection: Connection,
  { user, passwords: { kept, added } }: PasswordsChange,
  call: Call,
): Promise<void> {
  const entries = await existingEntries({ connection, user, read: readAccounts }, call)
  assertNative(connection, entries)
  const ways = [kept, ...(added ? [added] : [])].map(
    (password) => `${NATIVE} USING '${nativeHash(password)}'`,
  )
  const via = `IDENTIFIED VIA ${ways.join(' OR ')}`
  const accounts = entries.map((entry) => `${quoteAccount(entry)} ${via}`).join(', ')
  const operation = added ? `add a password to "${user}"` : `end the second password of "${user}"`
  await connection.run({ operation, sql: `ALTER USER ${accounts}` }, call)
}

/**
 * For a user without any privilege on users: it may change the entry that it is logged in by, and
 * only there. The description of that entry tells a plain native password from everything else.
 * Source: MariaDB's documentation: SET PASSWORD of one's own needs no privilege, ALTER USER does.
 * @throws ERR_DB_UNSUPPORTED when the entry authenticates in another way than by native password
 */
export async function changeOwnPassword(
  connection: Connection,
  { password }: { readonly password: Sensitive },
  call: Call,
): Promise<void> {
  const look = { operation: 'show the own account', sql: 'SHOW CREATE USER CURRENT_USER' }
  const [row] = await connection.run(look, call)
  if (!/` IDENTIFIED BY PASSWORD '\*[0-9A-F]{40}'/.test(String(row?.[0]))) {
    const problem = `"${connection.username}" does not log in by ${NATIVE} alone`
    throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: connection.endpoint, problem })
  }
  const operation = 'set the own password'
  await connection.run({ operation, sql: `SET PASSWORD = '${nativeHash(password)}'` }, call)
}
