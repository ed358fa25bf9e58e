import type { Call } from '../../../ports/call.ts'
import type { Session } from '../../../ports/database.ts'
import { RotatorError } from '../../../errors.ts'
import type { Cell, Connection } from './connection.ts'
import { readPrograms } from './programs.ts'

const PROCESSES = 'information_schema.PROCESSLIST'

/** One connection of ours. */
interface Own {
  /** Tells servers apart; two endpoints may lead to one server. */
  readonly server: string
  readonly id: Cell | undefined
}

/**
 * The sessions of these users on the server of each connection, without these connections.
 * @throws ERR_DB_DENIED when the admin lacks PROCESS: the server would then show it its own
 *   sessions only, and an empty answer would mean nothing
 */
export async function readSessions(
  connections: readonly Connection[],
  usernames: readonly string[],
  call: Call,
): Promise<readonly Session[]> {
  if (usernames.length === 0) return []
  const own = await Promise.all(connections.map((connection) => identify(connection, call)))
  const lists = await Promise.all(
    connections.map(async (connection, index) => {
      const ids = own.filter(({ server }) => server === own[index]?.server).map(({ id }) => id)
      return await readFrom(connection, { usernames, ids }, call)
    }),
  )
  return lists.flat()
}

async function identify(connection: Connection, call: Call): Promise<Own> {
  const operation = 'identify the server'
  const sql = 'SELECT CONNECTION_ID(), @@hostname, @@port, @@server_id, @@datadir'
  const [row] = await connection.run({ operation, sql }, call)
  const [id, ...server] = row ?? []
  return { id, server: JSON.stringify(server) }
}

async function readFrom(
  connection: Connection,
  filter: { readonly usernames: readonly string[]; readonly ids: readonly (Cell | undefined)[] },
  call: Call,
): Promise<readonly Session[]> {
  await assertSeesAll(connection, call)
  const marks = filter.usernames.map(() => '?').join()
  const sql = `SELECT ID, USER, HOST FROM ${PROCESSES} WHERE BINARY USER IN (${marks})`
  const statement = { operation: 'list sessions', sql, values: filter.usernames }
  const rows = await connection.run(statement, call)
  const others = rows.filter(([id]) => !filter.ids.includes(id))
  if (others.length === 0) return []
  const programs = await readPrograms(connection, call)
  return others.map(([id, user, host]) => ({
    username: String(user),
    client: clientOf(String(host)),
    application: programs.get(id) ?? '',
    endpoint: connection.endpoint,
  }))
}

/** The metrics table always has rows and answers to nobody without PROCESS. */
async function assertSeesAll(connection: Connection, call: Call): Promise<void> {
  const operation = 'list the sessions of other users (PROCESS)'
  const sql = 'SELECT 1 FROM information_schema.INNODB_METRICS LIMIT 1'
  const rows = await connection.run({ operation, sql }, call)
  if (rows.length > 0) return
  const { endpoint, username } = connection
  throw new RotatorError('ERR_DB_DENIED', { endpoint, username, operation })
}

/** `HOST` is `address:port`, or `localhost` without a port for a local socket. */
function clientOf(host: string): string {
  return /^(.*):\d+$/.exec(host)?.[1] ?? ''
}
