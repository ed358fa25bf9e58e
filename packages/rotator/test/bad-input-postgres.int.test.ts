import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { loudPostgres } from '../../testkit/src/rig/loud.ts'
import { postgresDatabase } from '../src/adapters/postgres/database.ts'
import { badInputTests } from './bad-input-tests.ts'
import type { BadInput } from './bad-input-tests.ts'

const name = pg.escapeIdentifier

const ROWS: readonly BadInput[] = [
  {
    name: 'an admin that lost ADMIN OPTION on the standby role',
    arrange: async ({ root, admin, standby }) => {
      await root.ask(`REVOKE ${name(standby)} FROM ${name(admin)}`)
      return () => root.ask(`GRANT ${name(standby)} TO ${name(admin)} WITH ADMIN OPTION`)
    },
    code: 'ERR_DB_DENIED',
    exit: 4,
    state: /is active and logs in/,
  },
  {
    name: 'a writer that is read-only',
    arrange: async ({ root, admin }) => {
      await root.ask(`ALTER ROLE ${name(admin)} SET default_transaction_read_only = on`)
      return () => root.ask(`ALTER ROLE ${name(admin)} RESET default_transaction_read_only`)
    },
    code: 'ERR_DB_READ_ONLY',
    passes: true,
    exit: 1,
    state: /changed nothing/,
  },
  {
    name: 'a role that somebody else is altering for longer than lock_timeout',
    arrange: async ({ root, engine, admin, standby }) => {
      await root.ask(`ALTER ROLE ${name(admin)} SET lock_timeout = '200ms'`)
      const other = await engine.root()
      await other.ask('BEGIN')
      await other.ask(`ALTER ROLE ${name(standby)} CONNECTION LIMIT -1`)
      return async () => {
        await other.ask('ROLLBACK')
        await other[Symbol.asyncDispose]()
        await root.ask(`ALTER ROLE ${name(admin)} RESET lock_timeout`)
      }
    },
    code: 'ERR_DB_BUSY',
    passes: true,
    exit: 5,
    state: /is open/,
  },
  {
    name: 'no connection left for the admin',
    arrange: async ({ root, admin }) => {
      await root.ask(`ALTER ROLE ${name(admin)} CONNECTION LIMIT 0`)
      return () => root.ask(`ALTER ROLE ${name(admin)} CONNECTION LIMIT -1`)
    },
    code: 'ERR_DB_OVERLOADED',
    exit: 1,
    state: /Nothing/,
  },
  {
    name: 'an admin that is locked',
    arrange: async ({ root, admin }) => {
      await root.ask(`ALTER ROLE ${name(admin)} NOLOGIN`)
      return () => root.ask(`ALTER ROLE ${name(admin)} LOGIN`)
    },
    code: 'ADMIN_LOST',
    exit: 3,
    state: /Nothing/,
  },
  {
    name: 'an admin whose password has expired',
    arrange: async ({ root, admin }) => {
      await root.ask(`ALTER ROLE ${name(admin)} VALID UNTIL '2020-01-01'`)
      return () => root.ask(`ALTER ROLE ${name(admin)} VALID UNTIL 'infinity'`)
    },
    code: 'ADMIN_LOST',
    exit: 3,
    state: /Nothing/,
  },
  {
    name: 'an active role that is locked',
    arrange: async ({ root, active }) => {
      await root.ask(`ALTER ROLE ${name(active)} NOLOGIN`)
      return () => root.ask(`ALTER ROLE ${name(active)} LOGIN`)
    },
    code: 'ACTIVE_DENIED',
    exit: 3,
    state: /does NOT log in/,
    refusesPassword: false,
  },
  {
    name: 'a database that takes no connections',
    arrange: async ({ root }) => {
      await root.ask('ALTER DATABASE app CONNECTION LIMIT 0')
      return () => root.ask('ALTER DATABASE app CONNECTION LIMIT -1')
    },
    code: 'ERR_DB_OVERLOADED',
    exit: 1,
    state: /Nothing/,
  },
]

badInputTests('PostgreSQL', {
  start: loudPostgres,
  database: async ({ host, port, dbname, caFile }) =>
    postgresDatabase({
      endpoints: [{ host, port }],
      dbname,
      tls: { mode: 'verify', ca: await readFile(caFile, 'utf8') },
    }),
  rows: ROWS,
  logs: [/^postgres\.log$/m, /^pg_stat_statements$/m],
})
