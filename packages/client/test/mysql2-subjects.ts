import {
  nativeHash,
  quoteAccount,
  quoteText,
} from '../../rotator/src/adapters/mysql/protocol/sql.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import type { Sensitive } from '../src/protocol/sensitive.ts'
import { openMysql } from './mysql2-pool.ts'
import type { PoolSubject } from './pool-harness.ts'

function subject(
  { name, start }: Pick<PoolSubject, 'name' | 'start'>,
  identified: (password: Sensitive) => string,
): PoolSubject {
  return {
    ...{ name, start, open: openMysql },
    setPassword: async (root, user, password) => {
      await root.ask(`ALTER USER ${quoteAccount({ user, host: '%' })} ${identified(password)}`)
    },
    sessions: async (root, username) => {
      const rows = await root.ask(
        `SELECT ATTR_VALUE FROM performance_schema.session_connect_attrs
         JOIN information_schema.PROCESSLIST ON PROCESSLIST.ID = PROCESSLIST_ID
         WHERE ATTR_NAME = 'cred_version' AND USER = ${quoteText(username)}`,
      )
      return rows.map(([version]) => String(version))
    },
    refusedInLog: /Connect\tAccess denied/gu,
    refusal: { errno: 1045 },
  }
}

/** MariaDB and `mysql2`. */
export const ON_MARIADB: PoolSubject = subject(
  { name: 'mysql2, on MariaDB', start: () => mariadbRig() },
  (password) => `IDENTIFIED VIA mysql_native_password USING ${quoteText(nativeHash(password))}`,
)

/** MySQL and `mysql2`. */
export const ON_MYSQL: PoolSubject = subject(
  { name: 'mysql2, on MySQL', start: () => mysqlRig() },
  (password) => `IDENTIFIED BY ${quoteText(password.reveal())}`,
)
