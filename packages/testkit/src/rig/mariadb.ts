import { nativeHash } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { startMariadb } from '../servers/mariadb.ts'
import type { MariadbSetup } from '../servers/mariadb.ts'
import type { RigEngine } from './engine.ts'
import { protocolRig } from './mysql-protocol.ts'

/** MariaDB with two slots that may do the same in one database. */
export async function mariadbRig(setup: Omit<MariadbSetup, 'tls'> = {}): Promise<RigEngine> {
  return await protocolRig({
    engine: 'mariadb',
    start: (tls) => startMariadb({ tls, performanceSchema: true, ...setup }),
    identified: (password) =>
      `IDENTIFIED VIA mysql_native_password USING '${nativeHash(password)}'`,
  })
}
