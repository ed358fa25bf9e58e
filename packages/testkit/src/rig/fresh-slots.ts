import { mariadbDatabase } from '../../../rotator/src/adapters/mysql/mariadb/database.ts'
import { mysqlDatabase } from '../../../rotator/src/adapters/mysql/mysql/database.ts'
import { postgresDatabase } from '../../../rotator/src/adapters/postgres/database.ts'
import type { AdminSession, Database } from '../../../rotator/src/ports/database.ts'
import type { Call } from '../../../rotator/src/ports/call.ts'
import { randomPassword } from '../servers/postgres.ts'
import type { RigEngine } from './engine.ts'

const ADAPTERS = { postgres: postgresDatabase, mariadb: mariadbDatabase, mysql: mysqlDatabase }

/** A call of a port that may take half a minute. */
export function rigCall(): Call {
  return { signal: AbortSignal.timeout(30_000) }
}

/** The rotator's own adapter, on the server of a rig. */
export function databaseOf({ engine, port, dbname, caFile }: RigEngine): Database {
  const endpoints = [{ host: 'localhost', port }]
  return ADAPTERS[engine]({ endpoints, dbname, tls: { mode: 'verify', caFile } })
}

/** A session of the admin that takes no lock. */
export function adminOf(engine: RigEngine): Promise<AdminSession> {
  const options = { target: 'rig', lock: 'look', holder: 'rig' } as const
  return databaseOf(engine).admin(engine.admin, options, rigCall())
}

/**
 * The same server with other passwords for both slots, for another rig on it: disposing what is
 * returned leaves the server running.
 */
export async function withFreshSlots(engine: RigEngine): Promise<RigEngine> {
  await using admin = await adminOf(engine)
  const fresh = async (slot: 'A' | 'B'): Promise<RigEngine['slots']['A']> => {
    const { username } = engine.slots[slot]
    const password = randomPassword(username)
    await admin.setPassword(username, password, rigCall())
    return { ...engine.slots[slot], password }
  }
  const slots = { A: await fresh('A'), B: await fresh('B') }
  return { ...engine, slots, [Symbol.asyncDispose]: async () => undefined }
}
