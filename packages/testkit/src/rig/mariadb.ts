import { nativeHash } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { startMariadb } from '../servers/mariadb.ts'
import type { RigEngine, RigServer } from './engine.ts'
import { protocolRig } from './mysql-protocol.ts'

/** MariaDB with two slots that may do the same in one database. */
export async function mariadbRig(server: RigServer = {}): Promise<RigEngine> {
  return await protocolRig({
    engine: 'mariadb',
    start: (tls) => startMariadb({ ...server, tls, performanceSchema: true }),
    identified: (password) =>
      `IDENTIFIED VIA mysql_native_password USING '${nativeHash(password)}'`,
  })
}
