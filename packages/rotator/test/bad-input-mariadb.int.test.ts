import { readFile } from 'node:fs/promises'
import { loudMariadb } from '../../testkit/src/rig/loud.ts'
import { mariadbPlugins } from '../../testkit/src/servers/mariadb-plugins.ts'
import { mariadbDatabase } from '../src/adapters/mysql/mariadb/database.ts'
import { PROTOCOL_ROWS } from './bad-input-protocol.ts'
import { badInputTests } from './bad-input-tests.ts'
import type { BadInput } from './bad-input-tests.ts'

const plugins = await mariadbPlugins()

const POLICY_ROWS: readonly BadInput[] = [
  {
    name: 'a password policy that wants to see the password (simple_password_check)',
    arrange: async ({ root }) => {
      await root.ask("INSTALL SONAME 'simple_password_check'")
      return () => root.ask("UNINSTALL SONAME 'simple_password_check'")
    },
    code: 'ERR_DB_UNSUPPORTED',
    exit: 4,
    state: /is active and logs in/,
  },
]

const ROWS: readonly BadInput[] = [
  ...PROTOCOL_ROWS,
  ...(plugins === undefined ? [] : POLICY_ROWS),
  {
    name: 'tables that a backup has locked for longer than the statement may take',
    arrange: async ({ root }) => {
      await root.ask('FLUSH TABLES WITH READ LOCK')
      return () => root.ask('UNLOCK TABLES')
    },
    code: 'ERR_OUTCOME_UNKNOWN',
    passes: true,
    exit: 5,
    state: /is open/,
  },
]

badInputTests('MariaDB', {
  start: loudMariadb,
  database: async ({ host, port, dbname, caFile }) =>
    mariadbDatabase({
      endpoints: [{ host, port }],
      dbname,
      tls: { mode: 'verify', ca: await readFile(caFile, 'utf8') },
    }),
  rows: ROWS,
  logs: [
    ...[/general\.log$/m, /slow\.log$/m, /binlog\.\d+$/m, /statements_history_long$/m],
    ...(plugins === undefined ? [] : [/server_audit\.log$/m, /sql_errors\.log$/m]),
  ],
})
