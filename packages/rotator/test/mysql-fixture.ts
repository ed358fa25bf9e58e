import { startMysql } from '../../testkit/src/servers/mysql.ts'
import type { MysqlServer, MysqlSetup } from '../../testkit/src/servers/mysql.ts'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import { mysqlDatabase } from '../src/adapters/mysql/mysql/database.ts'
import { quoteAccount, quoteText } from '../src/adapters/mysql/protocol/sql.ts'
import type { Account } from '../src/adapters/mysql/protocol/sql.ts'
import { protocolFixture } from './mysql-protocol-fixture.ts'
import type { ProtocolFixture } from './mysql-protocol-fixture.ts'

export { secret, soon } from './mysql-protocol-fixture.ts'

/** The fixture with what MySQL's own tests need besides. */
export type MysqlFixture = ProtocolFixture<MysqlServer>

/** Starts a server with TLS and an application's schema. */
export async function mysqlFixture(setup: Omit<MysqlSetup, 'tls'> = {}): Promise<MysqlFixture> {
  const tls = await makeTestTls()
  const server = await startMysql({ tls, maxConnections: 20, ...setup })
  return await protocolFixture({
    server,
    tls,
    endsSessions: 'CONNECTION_ADMIN',
    showsApplication: setup.performanceSchema !== false,
    database: (given) => mysqlDatabase({ ...given, dbname: 'openemr' }),
    identified: (password) => by(password.reveal()),
    plaintextServer: () => startMysql(),
  })
}

/** The clause that gives an account this password. */
export function by(password: string): string {
  return `IDENTIFIED BY ${quoteText(password)}`
}

/**
 * The definition of an account without its hash, which has a new salt each time. The server shows
 * it in hexadecimal, or, where all of its characters can be printed, as text.
 */
export async function accountOf(fixture: MysqlFixture, account: Account): Promise<string> {
  await fixture.sql('SET SESSION print_identified_with_as_hex = 1')
  const [row] = await fixture.sql(`SHOW CREATE USER ${quoteAccount(account)}`)
  return String(row?.[0]).replace(/ AS (?:0x[0-9A-F]+|'(?:[^'\\]|\\.|'')*')/s, ' AS …')
}
