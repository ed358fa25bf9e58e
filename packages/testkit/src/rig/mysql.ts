import { quoteText } from '../../../rotator/src/adapters/mysql/protocol/sql.ts'
import { startMysql } from '../servers/mysql.ts'
import type { RigEngine, RigServer } from './engine.ts'
import { protocolRig } from './mysql-protocol.ts'

/** MySQL with two slots that may do the same in one database. */
export async function mysqlRig(server: RigServer = {}): Promise<RigEngine> {
  return await protocolRig({
    engine: 'mysql',
    start: (tls) => startMysql({ ...server, tls }),
    identified: (password) => `IDENTIFIED BY ${quoteText(password.reveal())}`,
  })
}
