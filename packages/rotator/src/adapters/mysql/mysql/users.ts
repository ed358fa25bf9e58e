import { randomBytes } from 'node:crypto'
import type { Call } from '../../../ports/call.ts'
import type { Connection } from '../protocol/connection.ts'
import { quoteAccount, quoteText } from '../protocol/sql.ts'
import { userCommands } from '../protocol/user-commands.ts'
import type { Twin, UserTable } from '../protocol/users.ts'
import { differingSettings, renderDefaultRoles, renderSettings } from './account-sql.ts'
import { NO_LIMITS, assertSupported, readAccounts } from './accounts.ts'
import type { AccountEntry } from './accounts.ts'

/** Creates the account, or gives the one that is there the settings of the reference. */
async function make(
  connection: Connection,
  { twin, entry }: Twin<AccountEntry>,
  call: Call,
): Promise<void> {
  const operation = `make the user "${twin.user}"`
  const account = quoteAccount(twin)
  const settings = renderSettings(twin)
  if (entry === undefined) {
    const identified = `IDENTIFIED WITH ${twin.plugin} BY ${quoteText(unknowable())}`
    const sql = `CREATE USER IF NOT EXISTS ${account} ${identified} ${settings} ACCOUNT LOCK`
    await connection.run({ operation, sql }, call)
  } else if (differingSettings(twin, entry).length > 0) {
    await connection.run({ operation, sql: `ALTER USER ${account} ${settings}` }, call)
  }
}

/** 256 random bits, and one of each kind of character that `validate_password` may ask for. */
function unknowable(): string {
  return `${randomBytes(32).toString('hex')}-aA0`
}

async function finish(
  connection: Connection,
  { twin, entry }: Twin<AccountEntry>,
  call: Call,
): Promise<void> {
  const roles = renderDefaultRoles(twin.defaultRoles)
  if (roles === renderDefaultRoles(entry?.defaultRoles ?? [])) return
  const operation = `set the default roles of "${twin.user}"`
  const sql = `SET DEFAULT ROLE ${roles} TO ${quoteAccount(twin)}`
  await connection.run({ operation, sql }, call)
}

/** As `CREATE USER` makes it that says nothing else, with the plugin that every server has. */
const BLANK: AccountEntry = {
  user: '',
  host: '%',
  plugin: 'caching_sha2_password',
  multiFactor: false,
  hasSecond: false,
  locked: true,
  requirement: { kind: 'none', cipher: '', issuer: '', subject: '' },
  limits: NO_LIMITS,
  passwords: {
    lifetime: -1,
    history: -1,
    reuseDays: -1,
    requireCurrent: -1,
    failedLogins: 0,
    lockDays: 0,
  },
  defaultRoles: [],
}

const TABLE: UserTable<AccountEntry> = {
  read: readAccounts,
  blank: BLANK,
  assertSupported,
  differingSettings,
  make,
  finish,
}

/** Comparing users, making one like another, and what is read or changed of all their entries. */
export const USER_COMMANDS: ReturnType<typeof userCommands<AccountEntry>> = userCommands(TABLE)
