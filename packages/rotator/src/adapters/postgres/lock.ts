import { createHash } from 'node:crypto'
import type { Call } from '../../ports/call.ts'
import type { LockState } from '../../ports/database.ts'
import type { Link } from './link.ts'

/**
 * The number that stands for a target in `pg_try_advisory_lock(bigint)`: the first 8 bytes of a
 * SHA-256, signed, in decimal. Advisory locks belong to one database of the server.
 */
export function lockKey(target: string): string {
  const digest = createHash('sha256').update(`cuedot:${target}`).digest()
  return digest.readBigInt64BE(0).toString()
}

const TAKE = 'SELECT pg_try_advisory_lock($1::bigint) AS taken'

/**
 * How pg_locks shows a lock with one bigint as key: high half in classid, low half in objid,
 * objsubid 1. Source: PostgreSQL documentation, pg_locks.
 */
const HOLDER = `
  SELECT a.application_name AS application, host(a.client_addr) AS address,
         to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    AND (l.classid::bigint << 32) | l.objid::bigint = $1::bigint`

interface Holder {
  readonly application: string | null
  readonly address: string | null
  readonly since: string | null
}

/** Takes the target's lock, or says who has it. A holder that goes meanwhile is tried once more. */
export async function takeLock(link: Link, target: string, call: Call): Promise<LockState> {
  const values = [lockKey(target)]
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const operation = 'take the lock of the target'
    const [row] = await link.query<{ taken: boolean }>({ sql: TAKE, values, operation }, call)
    if (row?.taken === true) return { kind: 'own' }
    const seen = await lookAtLock(link, target, call)
    if (seen.kind === 'held') return seen
  }
  return { kind: 'held', by: 'a session that this server does not show' }
}

/** Says who holds the target's lock without touching it. */
export async function lookAtLock(link: Link, target: string, call: Call): Promise<LockState> {
  const values = [lockKey(target)]
  const operation = 'look at the lock of the target'
  const [holder] = await link.query<Holder>({ sql: HOLDER, values, operation }, call)
  return holder ? { kind: 'held', by: describe(holder) } : { kind: 'free' }
}

function describe({ application, address, since }: Holder): string {
  const name = application ?? ''
  return [
    name === '' ? 'a session without a name' : name,
    address !== null && `from ${address}`,
    since !== null && `since ${since}`,
  ]
    .filter((part) => part !== false)
    .join(' ')
}
