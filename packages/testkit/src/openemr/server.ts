import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { nativeHash, quoteText } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startMysql } from '../servers/mysql.ts'
import type { TestTls } from '../servers/tls.ts'

/** A server that OpenEMR runs on, as a world uses it. */
export interface OpenemrServer extends AsyncDisposable {
  readonly engine: 'mariadb' | 'mysql'
  readonly port: number
  readonly root: Credential
  /** Folder of data and logs. */
  readonly dir: string
  log(): Promise<string>
  /** The clause that gives an account this password. */
  identified(password: string): string
  /** What RDS gives to the user that is named when an instance is made. */
  readonly adminPrivileges: string
}

/**
 * @see Amazon RDS user guide, "Master user account privileges": MariaDB and MySQL
 */
const ADMIN_PRIVILEGES =
  'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, ' +
  'SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, ' +
  'CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER'

/** Starts MariaDB with TLS required and the general log on. */
export async function mariadbForOpenemr(tls: TestTls): Promise<OpenemrServer> {
  const server = await startMariadb({ tls })
  return {
    ...{ engine: 'mariadb', port: server.port, root: server.root, dir: server.dir },
    log: () => server.log(),
    identified: (password) => {
      const hash = nativeHash(new Sensitive(password, 'password'))
      return `IDENTIFIED VIA mysql_native_password USING '${hash}'`
    },
    adminPrivileges: `${ADMIN_PRIVILEGES}, DELETE HISTORY`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Starts MySQL with TLS required and the general log on. */
export async function mysqlForOpenemr(tls: TestTls): Promise<OpenemrServer> {
  const server = await startMysql({ tls })
  return {
    ...{ engine: 'mysql', port: server.port, root: server.root, dir: server.dir },
    log: () => server.log(),
    identified: (password) => `IDENTIFIED BY ${quoteText(password)}`,
    adminPrivileges: ADMIN_PRIVILEGES,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
