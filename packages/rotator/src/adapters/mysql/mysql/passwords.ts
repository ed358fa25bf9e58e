import type { Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import { isRotatorError, RotatorError } from '../../../errors.ts'
import type { Connection } from '../protocol/connection.ts'
import type { OwnPasswordChange, PasswordChange, PasswordsChange } from '../protocol/dialect.ts'
import { entriesUnlessOwn, existingEntries } from '../protocol/entries.ts'
import { againstHistory } from '../protocol/errors.ts'
import { quoteAccount, quoteText } from '../protocol/sql.ts'
import type { Account } from '../protocol/sql.ts'
import { MULTI_FACTOR, PLUGINS, assertSupported, readAccounts } from './accounts.ts'
import type { AccountEntry } from './accounts.ts'

/**
 * Gives every host entry of the user this password and no other, and unlocks it: one statement,
 * which the server carries out wholly or not at all. Each account stands in it twice, since plain
 * IDENTIFIED BY leaves a second password (RETAIN CURRENT PASSWORD) valid and has no clause against
 * it. The password travels inside TLS, and the server writes `<secret>` or its hash to its logs.
 * What is not named (REQUIRE, limits, password options, attributes) stays. All tested in
 * mysql.int.test.ts.
 * @throws ERR_DB_UNSUPPORTED when an entry authenticates in another way than by a password
 */
export async function setPassword(
  connection: Connection,
  change: PasswordChange,
  call: Call,
): Promise<void> {
  const { user, password } = change
  const entries = await entriesUnlessOwn({ connection, user, read: readAccounts }, call)
  if (entries === undefined) return await setOwnPassword(connection, password, call)
  assertSupported(connection, entries)
  const accounts = entries.map((entry) => {
    const account = quoteAccount(entry)
    const secret = quoteText(password.reveal())
    return `${account} IDENTIFIED WITH ${entry.plugin} BY ${secret}, ${account} ${DISCARD}`
  })
  const operation = `set the password of "${user}"`
  const sql = `ALTER USER ${accounts.join(', ')} ACCOUNT UNLOCK`
  await connection.run({ operation, sql }, call)
}

const DISCARD = 'DISCARD OLD PASSWORD'

/**
 * Up to three statements, after each of which `kept` logs in, so that they may be begun again at
 * any time. `RETAIN CURRENT PASSWORD` alone must not: said twice it makes the new password both,
 * and the one that consumers have is gone. So a second password is ended first: `kept` becomes the
 * first one again, whichever it was, and then the other is discarded. All tested in
 * mysql-two-passwords.int.test.ts.
 * @throws ERR_DB_UNSUPPORTED when an entry authenticates in another way than by a password, or has
 *   a PASSWORD HISTORY or REUSE INTERVAL
 */
export async function setPasswords(
  connection: Connection,
  { user, passwords: { kept, added } }: PasswordsChange,
  call: Call,
): Promise<void> {
  const entries = await existingEntries({ connection, user, read: readAccounts }, call)
  assertSupported(connection, entries)
  if (added !== undefined) await assertNoHistory(connection, { user, entries }, call)
  const doubled = entries.filter(({ hasSecond }) => hasSecond)
  if (doubled.length > 0) {
    const operation = `end the second password of "${user}"`
    await connection.run({ operation, sql: `ALTER USER ${retaining(doubled, kept)}` }, call)
    const discarded = doubled.map((entry) => `${quoteAccount(entry)} ${DISCARD}`).join(', ')
    await connection.run({ operation, sql: `ALTER USER ${discarded}` }, call)
  }
  if (added === undefined) return
  const operation = `add a password to "${user}"`
  await connection.run({ operation, sql: `ALTER USER ${retaining(entries, added)}` }, call)
}

/**
 * Whoever adds a password must be able to end the other one again, for which `kept` is set again: a
 * history refuses that, and both passwords would be left. Better said before than half-way.
 */
async function assertNoHistory(
  connection: Connection,
  { user, entries }: { readonly user: string; readonly entries: readonly AccountEntry[] },
  call: Call,
): Promise<void> {
  const operation = 'ask for the default password history'
  const sql = 'SELECT @@GLOBAL.password_history, @@GLOBAL.password_reuse_interval'
  const [row] = await connection.run({ operation, sql }, call)
  const [history, reuseDays] = (row ?? []).map(Number)
  const remembers = ({ passwords }: AccountEntry): boolean =>
    (passwords.history < 0 ? history : passwords.history) !== 0 ||
    (passwords.reuseDays < 0 ? reuseDays : passwords.reuseDays) !== 0
  if (!entries.some(remembers)) return
  const problem = againstHistory(`add a password to "${user}"`)
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: connection.endpoint, problem })
}

/** Naming the plugin would be a change of it, which RETAIN does not go with. */
function retaining(entries: readonly Account[], password: Sensitive): string {
  const secret = quoteText(password.reveal())
  return entries
    .map((entry) => `${quoteAccount(entry)} IDENTIFIED BY ${secret} RETAIN CURRENT PASSWORD`)
    .join(', ')
}

/**
 * For a user that may not read the user table: it may change the entry that it is logged in by.
 * Without APPLICATION_PASSWORD_ADMIN it is refused, since an old second password would stay. Naming
 * the plugin would need CREATE USER; unnamed, it stays as it is.
 */
async function setOwnPassword(
  connection: Connection,
  password: Sensitive,
  call: Call,
): Promise<void> {
  await assertOwnSupported(connection, call)
  const operation = 'set the own password (APPLICATION_PASSWORD_ADMIN)'
  const secret = quoteText(password.reveal())
  const sql = `ALTER USER ${OWN} IDENTIFIED BY ${secret}, ${OWN} ${DISCARD}`
  await connection.run({ operation, sql }, call)
}

const OWN = 'CURRENT_USER()'

/**
 * Open to every user, for the entry that it is logged in by. PASSWORD REQUIRE CURRENT asks for the
 * current password; with it the server also refuses a login by the second of two passwords, which
 * the change would leave valid. Where the user may (APPLICATION_PASSWORD_ADMIN), a second password
 * is discarded; otherwise it stays. All tested in mysql-own-password.int.test.ts.
 * @throws ERR_DB_UNSUPPORTED as {@link setPassword}, and for the second of two passwords
 */
export async function changeOwnPassword(
  connection: Connection,
  { current, password }: OwnPasswordChange,
  call: Call,
): Promise<void> {
  await assertOwnSupported(connection, call)
  const operation = 'set the own password'
  const [next, replaced] = [password, current].map((each) => quoteText(each.reveal()))
  const sql = `ALTER USER ${OWN} IDENTIFIED BY ${next} REPLACE ${replaced}`
  try {
    await connection.run({ operation, sql: `${sql}, ${OWN} ${DISCARD}` }, call)
  } catch (error) {
    if (!isRotatorError(error) || error.code !== 'ERR_DB_DENIED') throw error
    await connection.run({ operation, sql }, call)
  }
}

/** What {@link assertSupported} asks of all entries, of the one that the login matched. */
async function assertOwnSupported(connection: Connection, call: Call): Promise<void> {
  const look = { operation: 'show the own account', sql: 'SHOW CREATE USER CURRENT_USER()' }
  const [row] = await connection.run(look, call)
  const shown = String(row?.[0])
  const plugin = /` IDENTIFIED WITH '(\w+)'/.exec(shown)?.[1] ?? 'unknown'
  const several = / AND IDENTIFIED WITH '/.test(shown)
  if (several || !PLUGINS.includes(plugin)) {
    const problem = `"${connection.username}" logs in by ${several ? MULTI_FACTOR : plugin}`
    throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: connection.endpoint, problem })
  }
}
