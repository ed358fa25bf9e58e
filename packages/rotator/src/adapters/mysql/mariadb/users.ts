import { randomBytes } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import type { Call } from '../../../ports/call.ts'
import type { Connection } from '../protocol/connection.ts'
import { renderLifetime, renderRequirement } from '../protocol/requirement.ts'
import { nativeHash, quoteAccount, quoteName } from '../protocol/sql.ts'
import { userCommands } from '../protocol/user-commands.ts'
import type { Twin, UserTable } from '../protocol/users.ts'
import { differingSettings, renderLimits } from './account-sql.ts'
import { NATIVE, assertNative, readAccounts } from './accounts.ts'
import type { AccountEntry } from './accounts.ts'

/** Creates the account, or gives the one that is there the settings of the reference. */
async function make(
  connection: Connection,
  { twin, entry }: Twin<AccountEntry>,
  call: Call,
): Promise<void> {
  const operation = `make the user "${twin.user}"`
  const account = quoteAccount(twin)
  const settings = [
    renderRequirement(twin.requirement),
    renderLimits(twin.limits),
    renderLifetime(twin.lifetimeDays),
  ].join(' ')
  if (entry === undefined) {
    const sql = `CREATE USER IF NOT EXISTS ${account} ${unknowable()} ${settings} ACCOUNT LOCK`
    await connection.run({ operation, sql }, call)
  } else if (differingSettings(twin, entry).length > 0) {
    await connection.run({ operation, sql: `ALTER USER ${account} ${settings}` }, call)
  }
}

/** A fresh hash each time, so that no two accounts ever share one that could be looked up. */
function unknowable(): string {
  const password = new Sensitive(randomBytes(32).toString('hex'), 'password that nobody knows')
  return `IDENTIFIED VIA ${NATIVE} USING '${nativeHash(password)}'`
}

/** Needs UPDATE on the database `mysql`, so it is left out where nothing would change. */
async function finish(
  connection: Connection,
  { twin, entry }: Twin<AccountEntry>,
  call: Call,
): Promise<void> {
  if (twin.defaultRole === (entry?.defaultRole ?? '')) return
  const role = twin.defaultRole === '' ? 'NONE' : quoteName(twin.defaultRole)
  const operation = `set the default role of "${twin.user}"`
  const sql = `SET DEFAULT ROLE ${role} FOR ${quoteAccount(twin)}`
  await connection.run({ operation, sql }, call)
}

/** As `CREATE USER` makes it that says nothing else. */
const BLANK: AccountEntry = {
  user: '',
  host: '%',
  plugins: [NATIVE],
  hasSecond: false,
  locked: true,
  requirement: { kind: 'none', cipher: '', issuer: '', subject: '' },
  limits: {
    MAX_QUERIES_PER_HOUR: 0,
    MAX_UPDATES_PER_HOUR: 0,
    MAX_CONNECTIONS_PER_HOUR: 0,
    MAX_USER_CONNECTIONS: 0,
    MAX_STATEMENT_TIME: 0,
  },
  lifetimeDays: -1,
  defaultRole: '',
}

const TABLE: UserTable<AccountEntry> = {
  read: readAccounts,
  blank: BLANK,
  assertSupported: assertNative,
  differingSettings,
  make,
  finish,
}

/** Comparing users, making one like another, and what is read or changed of all their entries. */
export const USER_COMMANDS: ReturnType<typeof userCommands<AccountEntry>> = userCommands(TABLE)
