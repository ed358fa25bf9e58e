import type { Dialect } from './dialect.ts'
import { existingEntries, lockEntries } from './entries.ts'
import type { UserEntry } from './entries.ts'
import { compareEntries, provisionEntries } from './users.ts'
import type { UserTable } from './users.ts'

/** What every server of this protocol does alike, once it is known how it keeps users. */
export function userCommands<E extends UserEntry>(
  table: UserTable<E>,
): Pick<Dialect, 'compareUsers' | 'provisionUser' | 'hasSecondPassword' | 'setLocked'> {
  const { read } = table
  return {
    compareUsers: (connection, names, call) =>
      compareEntries(connection, { ...names, table }, call),
    provisionUser: (connection, names, call) =>
      provisionEntries(connection, { ...names, table }, call),
    // The user table is asked, so that no login has to be refused.
    async hasSecondPassword(connection, user, call) {
      const entries = await existingEntries({ connection, user, read }, call)
      return entries.some(({ hasSecond }) => hasSecond)
    },
    async setLocked(connection, change, call) {
      const entries = await existingEntries({ connection, user: change.user, read }, call)
      await lockEntries(connection, { ...change, entries }, call)
    },
  }
}
