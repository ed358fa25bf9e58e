import { quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import type { BadInput } from './bad-input-tests.ts'

/** The account of this user for every host. */
export function anywhere(user: string): string {
  return quoteAccount({ user, host: '%' })
}

/** Sets a global variable and returns what sets it back. */
export function globally(variable: string, value: string, normal: string): BadInput['arrange'] {
  return async ({ root }) => {
    await root.ask(`SET GLOBAL ${variable} = ${value}`)
    return () => root.ask(`SET GLOBAL ${variable} = ${normal}`)
  }
}

/** What MariaDB and MySQL refuse alike. */
export const PROTOCOL_ROWS: readonly BadInput[] = [
  {
    name: 'an admin without CREATE USER',
    arrange: async ({ root, admin }) => {
      await root.ask(`REVOKE CREATE USER ON *.* FROM ${anywhere(admin)}`)
      return () => root.ask(`GRANT CREATE USER ON *.* TO ${anywhere(admin)}`)
    },
    code: 'ERR_DB_DENIED',
    exit: 4,
    state: /is active and logs in/,
  },
  {
    name: 'a writer that is read-only',
    arrange: globally('read_only', '1', '0'),
    code: 'ERR_DB_READ_ONLY',
    passes: true,
    exit: 1,
    state: /changed nothing/,
  },
  {
    name: 'no connection left for the admin',
    arrange: async ({ root, engine, admin }) => {
      await root.ask(`ALTER USER ${anywhere(admin)} WITH MAX_USER_CONNECTIONS 1`)
      const held = await engine.connect(engine.admin)
      return async () => {
        await held.close()
        await root.ask(`ALTER USER ${anywhere(admin)} WITH MAX_USER_CONNECTIONS 0`)
      }
    },
    code: 'ERR_DB_OVERLOADED',
    exit: 1,
    state: /Nothing/,
  },
  {
    name: 'an admin that is locked',
    arrange: async ({ root, admin }) => {
      await root.ask(`ALTER USER ${anywhere(admin)} ACCOUNT LOCK`)
      return () => root.ask(`ALTER USER ${anywhere(admin)} ACCOUNT UNLOCK`)
    },
    code: 'ADMIN_LOST',
    exit: 3,
    state: /Nothing/,
  },
  {
    name: 'an active user that is locked',
    arrange: async ({ root, active }) => {
      await root.ask(`ALTER USER ${anywhere(active)} ACCOUNT LOCK`)
      return () => root.ask(`ALTER USER ${anywhere(active)} ACCOUNT UNLOCK`)
    },
    code: 'ACTIVE_DENIED',
    exit: 3,
    state: /does NOT log in/,
    refusesPassword: false,
  },
]
