import { readFile } from 'node:fs/promises'
import { describe } from 'vitest'
import { loudMysql } from '../../testkit/src/rig/loud.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { mysqlDatabase } from '../src/adapters/mysql/mysql/database.ts'
import { PROTOCOL_ROWS } from './bad-input-protocol.ts'
import { badInputTests } from './bad-input-tests.ts'
import type { BadInput } from './bad-input-tests.ts'

const POLICY = "'file://component_validate_password'"

const ROWS: readonly BadInput[] = [
  ...PROTOCOL_ROWS,
  {
    name: 'a password policy that the new password does not meet',
    arrange: async ({ root }) => {
      await root.ask(`INSTALL COMPONENT ${POLICY}`)
      await root.ask('SET GLOBAL validate_password.length = 64')
      return () => root.ask(`UNINSTALL COMPONENT ${POLICY}`)
    },
    code: 'ERR_DB_UNSUPPORTED',
    exit: 4,
    state: /is active and logs in/,
  },
  {
    name: 'a user table that a backup has locked for longer than the statement waits',
    arrange: async ({ root }) => {
      await root.ask('LOCK INSTANCE FOR BACKUP')
      return () => root.ask('UNLOCK INSTANCE')
    },
    code: 'ERR_DB_BUSY',
    passes: true,
    exit: 5,
    state: /is open/,
  },
]

// Where there is none its server fixture prints so.
describe.skipIf(MYSQL_HERE === undefined)('MySQL', () => {
  badInputTests('MySQL', {
    start: loudMysql,
    database: async ({ host, port, dbname, caFile }) =>
      mysqlDatabase({
        endpoints: [{ host, port }],
        dbname,
        tls: { mode: 'verify', ca: await readFile(caFile, 'utf8') },
      }),
    rows: ROWS,
    logs: [/general\.log$/m, /slow\.log$/m, /binlog\.\d+$/m, /statements_history_long$/m],
  })
})
