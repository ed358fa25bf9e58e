import type { Call } from '../../../ports/call.ts'
import type { UserComparison } from '../../../ports/database.ts'
import { RotatorError } from '../../../errors.ts'
import type { Connection } from './connection.ts'
import type { UserNames } from './dialect.ts'
import type { ReadEntries, UserEntry } from './entries.ts'
import { parseGrant } from './grants.ts'
import type { Grant } from './grants.ts'
import { grantsToGive, missingGrants, renderGrant } from './privileges.ts'
import { quoteAccount } from './sql.ts'
import { templateEntries, templateGrants } from './template.ts'

/** How a server keeps users. */
export interface UserTable<E extends UserEntry> {
  readonly read: ReadEntries<E>
  /** The entry of a user that is made from a template, at every host; its name is still to come. */
  readonly blank: E
  /** Refuses users that cuedot cannot rotate: ERR_DB_UNSUPPORTED. */
  assertSupported(connection: Connection, entries: readonly E[]): void
  /** What `entry` has otherwise than `reference`, as the reference has it, one line each. */
  differingSettings(reference: E, entry: E): readonly string[]
  /**
   * Creates the account `twin`, locked and with a password that nobody knows, or gives the one that
   * is there the settings of `twin`.
   */
  make(connection: Connection, twin: Twin<E>, call: Call): Promise<void>
  /** What can only be set once the account has its grants: default roles. */
  finish(connection: Connection, twin: Twin<E>, call: Call): Promise<void>
}

/** The entry of the reference under another user's name, and that user's own entry, if any. */
export interface Twin<E extends UserEntry> {
  readonly twin: E
  readonly entry: E | undefined
}

/** Compares two users over all their host patterns. */
export async function compareEntries<E extends UserEntry>(
  connection: Connection,
  look: UserNames & { readonly table: UserTable<E> },
  call: Call,
): Promise<UserComparison> {
  const sides = await readBoth(connection, look, call)
  const { entries } = sides
  if (entries.length === 0) return { state: 'absent', lacks: [] }
  const lacks = await lackingLines(connection, { ...sides, table: look.table }, call)
  if (lacks.length === 0) return { state: 'equal', lacks }
  // An account that nobody can log in to and that is not complete is one that was being made.
  return { state: entries.every(({ locked }) => locked) ? 'partial' : 'differs', lacks }
}

/** A user, and the one that it must be able to replace, by host patterns. */
interface Sides<E extends UserEntry> {
  readonly references: readonly E[]
  readonly entries: readonly E[]
  /** What one entry of the reference may do. `held`: what the user's own entry may. */
  readonly wanted: (reference: E, held: readonly Grant[]) => Promise<readonly Grant[]>
}

async function lackingLines<E extends UserEntry>(
  connection: Connection,
  sides: Sides<E> & { readonly table: UserTable<E> },
  call: Call,
): Promise<readonly string[]> {
  const { references, entries, table } = sides
  const lines: string[] = []
  for (const reference of references) {
    const entry = entries.find(({ host }) => host === reference.host)
    if (entry === undefined) {
      lines.push(`host pattern "${reference.host}"`)
      continue
    }
    const held = await readGrants(connection, entry, call)
    const wanted = await sides.wanted(reference, held)
    const lacking = [...missingGrants(wanted, held), ...table.differingSettings(reference, entry)]
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
 * locked and with a password that nobody knows, then what they may do. Accounts that exist keep
 * password and lock, and are granted only what they lack. Repeating it is harmless.
 */
export async function provisionEntries<E extends UserEntry>(
  connection: Connection,
  look: UserNames & { readonly table: UserTable<E> },
  call: Call,
): Promise<void> {
  const { references, entries, wanted } = await readBoth(connection, look, call)
  const grants: (readonly Grant[])[] = []
  for (const reference of references) {
    const entry = entries.find(({ host }) => host === reference.host)
    const held = entry === undefined ? [] : await readGrants(connection, entry, call)
    grants.push(grantsToGive(await wanted(reference, held), held))
  }
  const twins = references.map((reference): Twin<E> => ({
    twin: { ...reference, user: look.user },
    entry: entries.find(({ host }) => host === reference.host),
  }))
  for (const twin of twins) await look.table.make(connection, twin, call)
  for (const [index, { twin }] of twins.entries())
    await giveGrants(connection, { twin, grants: grants[index] ?? [] }, call)
  for (const twin of twins) await look.table.finish(connection, twin, call)
}

async function giveGrants(
  connection: Connection,
  copy: { readonly twin: UserEntry; readonly grants: readonly Grant[] },
  call: Call,
): Promise<void> {
  const { twin, grants } = copy
  for (const grant of grants) {
    const operation = `grant to "${twin.user}": ${missingGrants([grant], []).join('; ')}`
    await connection.run({ operation, sql: renderGrant(grant, quoteAccount(twin)) }, call)
  }
}

async function readBoth<E extends UserEntry>(
  connection: Connection,
  { reference, user, table }: UserNames & { readonly table: UserTable<E> },
  call: Call,
): Promise<Sides<E>> {
  const read = async (name: string): Promise<readonly E[]> => {
    const found = await table.read(connection, name, call)
    table.assertSupported(connection, found)
    return found
  }
  if (typeof reference !== 'string') {
    const entries = await read(user)
    const references = templateEntries(reference, entries, { ...table.blank, user })
    return {
      ...{ references, entries },
      wanted: async (_entry, held) => templateGrants(reference, held),
    }
  }
  const references = await read(reference)
  if (references.length === 0)
    throw unsupported(
      connection,
      `there is no user "${reference}" to compare with; where applications run as the admin so ` +
        'far, configure `initial`',
    )
  const entries = await read(user)
  return { references, entries, wanted: (entry) => readGrants(connection, entry, call) }
}

async function readGrants(
  connection: Connection,
  account: UserEntry,
  call: Call,
): Promise<readonly Grant[]> {
  const operation = `show the grants of "${account.user}"`
  const sql = `SHOW GRANTS FOR ${quoteAccount(account)}`
  const rows = await connection.run({ operation, sql }, call)
  return rows.flatMap(([line]) => {
    const grant = parseGrant(String(line))
    if (grant === 'revoked')
      throw unsupported(connection, `"${account.user}" has partial revokes, which are not copied`)
    if (grant === 'unknown')
      throw unsupported(connection, `a grant of "${account.user}" is of a kind that is not known`)
    return grant === undefined ? [] : [grant]
  })
}

function unsupported({ endpoint }: Connection, problem: string): RotatorError {
  return new RotatorError('ERR_DB_UNSUPPORTED', { endpoint, problem })
}
