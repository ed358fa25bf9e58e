import { lockName } from '../../packages/rotator/src/adapters/mysql/protocol/lock.ts'
import { openSession } from '../../packages/testkit/src/rig/consumer-session.ts'
import type { DatabaseSession } from '../../packages/testkit/src/rig/consumer-session.ts'
import type { RigEngine } from '../../packages/testkit/src/rig/engine.ts'
import type { Look } from './flat.ts'

/** What a run could leave behind at the server. */
export type ServerLook = Pick<Look, 'sessions' | 'prepared' | 'locks' | 'accounts'>

/** Looks at a server through one session of the admin, which is not counted. */
export interface ServerWatch extends AsyncDisposable {
  look(): Promise<ServerLook>
}

/** Opens the watch. `target` names the lock. */
export async function watchServer(engine: RigEngine, target: string): Promise<ServerWatch> {
  const session = await openSession(engine, engine.admin)
  const sql = engine.engine === 'postgres' ? POSTGRES : mysqlQueries(target)
  return {
    async look() {
      return {
        // A server ends a session a moment after its client has left.
        sessions: await countUntilNone(session, sql.sessions),
        prepared: await count(session, sql.prepared),
        locks: await count(session, sql.locks),
        accounts: await count(session, sql.accounts),
      }
    },
    [Symbol.asyncDispose]: () => session.close(),
  }
}

type Queries = Readonly<Record<keyof ServerLook, string>>

/**
 * A prepared statement of PostgreSQL lives in its session and is seen by it alone: without sessions
 * there is none. What a server keeps beyond a session is a prepared transaction.
 */
const POSTGRES: Queries = {
  sessions: `SELECT count(*) FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  prepared: 'SELECT count(*) FROM pg_prepared_xacts',
  locks: "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
  accounts: 'SELECT count(*) FROM pg_roles',
}

function mysqlQueries(target: string): Queries {
  return {
    sessions: `SELECT count(*) FROM information_schema.PROCESSLIST
               WHERE ID <> CONNECTION_ID() AND USER IN ('cuedot_admin', 'app_a', 'app_b')`,
    prepared: "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'",
    locks: `SELECT IS_USED_LOCK('${lockName(target)}') IS NOT NULL`,
    accounts: 'SELECT count(*) FROM mysql.user',
  }
}

/** The last column of the first row. */
async function count(session: DatabaseSession, sql: string): Promise<number> {
  const [row] = await session.query(sql)
  return Number(row?.at(-1) ?? Number.NaN)
}

const TRIES = 100

async function countUntilNone(session: DatabaseSession, sql: string): Promise<number> {
  let left = await count(session, sql)
  for (let tries = 1; tries < TRIES && left > 0; tries++) left = await count(session, sql)
  return left
}
