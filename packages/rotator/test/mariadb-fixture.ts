import { startMariadb } from '../../testkit/src/servers/mariadb.ts'
import type { MariadbServer } from '../../testkit/src/servers/mariadb.ts'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import { mariadbDatabase } from '../src/adapters/mysql/mariadb/database.ts'
import { nativeHash } from '../src/adapters/mysql/protocol/sql.ts'
import { protocolFixture, secret } from './mysql-protocol-fixture.ts'
import type { ProtocolFixture } from './mysql-protocol-fixture.ts'

export { secret, soon } from './mysql-protocol-fixture.ts'

/** The fixture with what MariaDB's own tests need besides. */
export type MariadbFixture = ProtocolFixture<MariadbServer>

/** Starts a server with TLS, an application's schema, and `performance_schema` as asked. */
export async function mariadbFixture(options: {
  readonly performanceSchema: boolean
}): Promise<MariadbFixture> {
  const tls = await makeTestTls()
  const server = await startMariadb({ tls, maxConnections: 20, ...options })
  return await protocolFixture({
    server,
    tls,
    endsSessions: 'CONNECTION ADMIN',
    showsApplication: options.performanceSchema,
    database: (given) => mariadbDatabase({ ...given, dbname: 'openemr' }),
    identified: (password) => via(password.reveal()),
    plaintextServer: () => startMariadb(),
  })
}

/** The clause that gives an account this password, by its hash. */
export function via(password: string): string {
  return `IDENTIFIED VIA mysql_native_password USING '${nativeHash(secret(password))}'`
}
