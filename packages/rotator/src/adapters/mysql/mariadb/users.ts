import { randomBytes } from 'node:crypto'
import type { Call } from '../../../ports/call.ts'
import type { UserComparison } from '../../../ports/database.ts'
import { RotatorError } from '../../../errors.ts'
import { Sensitive } from '@cuedot/client/protocol'
import type { Connection } from '../protocol/connection.ts'
import { parseGrant } from '../protocol/grants.ts'
import type { Grant } from '../protocol/grants.ts'
import { missingGrants, renderGrant } from '../protocol/privileges.ts'
import { nativeHash, quoteAccount, quoteName } from '../protocol/sql.ts'
import {
  differingSettings,
  renderLifetime,
  renderLimits,
  renderRequirement,
} from './account-sql.ts'
import { NATIVE, assertNative, readAccounts } from './accounts.ts'
import type { AccountEntry } from './accounts.ts'

/** Compares two users over all their host patterns. */
export async function compareUsers(
  connection: Connection,
  names: { readonly reference: string; readonly user: string },
  call: Call,
): Promise<UserComparison> {
  const references = await readReference(connection, names.reference, call)
  const entries = await readAccounts(connection, names.user, call)
  assertNative(connection, entries)
  if (entries.length === 0) return { state: 'absent', lacks: [] }
  const lacks = await lackingLines(connection, { references, entries }, call)
  if (lacks.length === 0) return { state: 'equal', lacks }
  // An account that nobody can log in to and that is not complete is one that was being made.
  return { state: entries.every(({ locked }) => locked) ? 'partial' : 'differs', lacks }
}

async function lackingLines(
  connection: Connection,
  sides: {
    readonly references: readonly AccountEntry[]
    readonly entries: readonly AccountEntry[]
  },
  call: Call,
): Promise<readonly string[]> {
  const { references, entries } = sides
  const lines: string[] = []
  for (const reference of references) {
    const entry = entries.find(({ host }) => host === reference.host)
    if (entry === undefined) {
      lines.push(`host pattern "${reference.host}"`)
      continue
    }
    const wanted = await readGrants(connection, reference, call)
    const held = await readGrants(connection, entry, call)
    const lacking = [...missingGrants(wanted, held), ...differingSettings(reference, entry)]
    lines.push(...lacking.map((line) => atHost(line, reference.host, references.length)))
  }
  // The server takes the narrowest pattern that fits, so one of its own would shadow the others.
  const extra = entries.filter(({ host }) => !references.some((other) => other.host === host))
  lines.push(...extra.map(({ host }) => `no host pattern "${host}"`))
  return lines
}

function atHost(line: string, host: string, patterns: number): string {
  return patterns === 1 ? line : `${line} (from "${host}")`
}

/**
 * Makes `user` equal to `reference` for every host pattern of the reference: first the accounts,
 * locked and with the hash of a password that nobody knows, then what they may do. Accounts that
 * exist keep password and lock. Repeating it is harmless.
 */
export async function provisionUser(
  connection: Connection,
  names: { readonly reference: string; readonly user: string },
  call: Call,
): Promise<void> {
  const references = await readReference(connection, names.reference, call)
  const entries = await readAccounts(connection, names.user, call)
  assertNative(connection, entries)
  const grants: (readonly Grant[])[] = []
  for (const reference of references) grants.push(await readGrants(connection, reference, call))
  const twins = references.map((reference) => ({ ...reference, user: names.user }))
  for (const twin of twins) {
    const entry = entries.find(({ host }) => host === twin.host)
    await makeAccount(connection, { twin, entry }, call)
  }
  for (const [index, twin] of twins.entries())
    await copyGrants(connection, { twin, grants: grants[index] ?? [] }, call)
  for (const twin of twins) {
    const entry = entries.find(({ host }) => host === twin.host)
    if (twin.defaultRole !== (entry?.defaultRole ?? ''))
      await setDefaultRole(connection, twin, call)
  }
}

/** Creates the account, or gives the one that is there the settings of the reference. */
async function makeAccount(
  connection: Connection,
  sides: { readonly twin: AccountEntry; readonly entry: AccountEntry | undefined },
  call: Call,
): Promise<void> {
  const { twin, entry } = sides
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

async function copyGrants(
  connection: Connection,
  copy: { readonly twin: AccountEntry; readonly grants: readonly Grant[] },
  call: Call,
): Promise<void> {
  const { twin, grants } = copy
  for (const grant of grants) {
    const operation = `grant to "${twin.user}": ${missingGrants([grant], []).join('; ')}`
    await connection.run({ operation, sql: renderGrant(grant, quoteAccount(twin)) }, call)
  }
}

/** Needs UPDATE on the database `mysql`, so it is left out where nothing would change. */
async function setDefaultRole(
  connection: Connection,
  twin: AccountEntry,
  call: Call,
): Promise<void> {
  const role = twin.defaultRole === '' ? 'NONE' : quoteName(twin.defaultRole)
  const operation = `set the default role of "${twin.user}"`
  const sql = `SET DEFAULT ROLE ${role} FOR ${quoteAccount(twin)}`
  await connection.run({ operation, sql }, call)
}

async function readReference(
  connection: Connection,
  user: string,
  call: Call,
): Promise<readonly AccountEntry[]> {
  const references = await readAccounts(connection, user, call)
  assertNative(connection, references)
  if (references.length > 0) return references
  throw new RotatorError('ERR_DB_UNSUPPORTED', {
    endpoint: connection.endpoint,
    problem: `there is no user "${user}" to compare with`,
  })
}

async function readGrants(
  connection: Connection,
  account: AccountEntry,
  call: Call,
): Promise<readonly Grant[]> {
  const operation = `show the grants of "${account.user}"`
  const sql = `SHOW GRANTS FOR ${quoteAccount(account)}`
  const rows = await connection.run({ operation, sql }, call)
  return rows.flatMap(([line]) => {
    const grant = parseGrant(String(line))
    if (grant !== 'unknown') return grant === undefined ? [] : [grant]
    throw new RotatorError('ERR_DB_UNSUPPORTED', {
      endpoint: connection.endpoint,
      problem: `a grant of "${account.user}" is of a kind that is not known`,
    })
  })
}
