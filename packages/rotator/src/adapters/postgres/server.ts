import { RotatorError } from '../../errors.ts'
import type { Call } from '../../ports/call.ts'
import type { AdminOptions } from '../../ports/database.ts'
import type { Link } from './link.ts'

/**
 * A standby lets nobody write, and so does a server, database or role whose
 * `default_transaction_read_only` is on.
 * Source: PostgreSQL documentation, "Hot Standby", "Recovery Information Functions".
 */
const SERVER = `
  SELECT pg_backend_pid() AS pid, pg_is_in_recovery() AS standby,
         current_setting('transaction_read_only')::bool AS "readOnly"`

interface Server {
  readonly pid: number
  readonly standby: boolean
  readonly readOnly: boolean
}

/**
 * Refuses what cannot be the writer, before anything is begun. An advisory lock can be taken on a
 * standby, where it keeps nobody from anything.
 * @throws ERR_DB_READ_ONLY; ERR_DB_UNSUPPORTED when a lock is to be taken behind a pooler
 */
export async function assertServer(
  link: Link,
  lock: AdminOptions['lock'],
  call: Call,
): Promise<void> {
  const [server] = await link.query<Server>({ sql: SERVER, operation: 'know the server' }, call)
  if (server === undefined) return
  const { endpoint, serverProcess } = link
  if (server.standby || server.readOnly) {
    const reason = server.standby ? 'it is a standby' : 'default_transaction_read_only is on'
    throw new RotatorError('ERR_DB_READ_ONLY', { endpoint, reason })
  }
  // A pooler hands out server connections of its own: the greeting names another process.
  if (lock === 'look' || serverProcess === undefined || server.pid === serverProcess) return
  const problem =
    'the admin session goes through a connection pooler, which cannot hold a lock: ' +
    'give the address of the server itself'
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint, problem })
}
