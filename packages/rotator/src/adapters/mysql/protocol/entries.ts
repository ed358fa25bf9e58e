import { isRotatorError, RotatorError } from '../../../errors.ts'
import type { Call } from '../../../ports/call.ts'
import type { Connection } from './connection.ts'
import type { LockChange } from './dialect.ts'
import type { Requirement } from './requirement.ts'
import { quoteAccount } from './sql.ts'
import type { Account } from './sql.ts'

/** One entry of the user table, as far as every server of this protocol has it. */
export interface UserEntry extends Account {
  readonly locked: boolean
  /** What a login must bring besides the password. */
  readonly requirement: Requirement
  /** True when it lets the user in with either of two passwords. */
  readonly hasSecond: boolean
}

/** Reads every entry of a user, one for each host pattern, in a fixed order. */
export type ReadEntries<E extends UserEntry> = (
  connection: Connection,
  user: string,
  call: Call,
) => Promise<readonly E[]>

/**
 * The entries of a user that must exist.
 * @throws ERR_DB_STATEMENT when there is no such user
 */
export async function existingEntries<E extends UserEntry>(
  look: { readonly connection: Connection; readonly user: string; readonly read: ReadEntries<E> },
  call: Call,
): Promise<readonly E[]> {
  const { connection, user, read } = look
  const entries = await read(connection, user, call)
  if (entries.length > 0) return entries
  const operation = `find the user "${user}"`
  // 02000 is SQL's own code for "no data".
  const details = { endpoint: connection.endpoint, operation, sqlstate: '02000' }
  throw new RotatorError('ERR_DB_STATEMENT', details)
}

/**
 * As {@link existingEntries}, but `undefined` when the user table may not be read and the user is
 * the one that the connection is logged in as.
 */
export async function entriesUnlessOwn<E extends UserEntry>(
  look: { readonly connection: Connection; readonly user: string; readonly read: ReadEntries<E> },
  call: Call,
): Promise<readonly E[] | undefined> {
  try {
    return await existingEntries(look, call)
  } catch (error) {
    const own = isRotatorError(error) && error.code === 'ERR_DB_DENIED'
    if (own && look.user === look.connection.username) return undefined
    throw error
  }
}

/** Locks or unlocks every host entry of a user. Open sessions stay. */
export async function lockEntries(
  connection: Connection,
  change: LockChange & { readonly entries: readonly UserEntry[] },
  call: Call,
): Promise<void> {
  const { user, locked, entries } = change
  const accounts = entries.map(quoteAccount).join(', ')
  const operation = `${locked ? 'lock' : 'unlock'} "${user}"`
  const sql = `ALTER USER ${accounts} ACCOUNT ${locked ? 'LOCK' : 'UNLOCK'}`
  await connection.run({ operation, sql }, call)
}
