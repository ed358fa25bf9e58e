import type { Call } from '../../../ports/call.ts'
import type { Session } from '../../../ports/database.ts'
import { RotatorError } from '../../../errors.ts'
import type { Cell, Connection } from './connection.ts'
import { readAttributes } from './attributes.ts'

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
  const attributes = await readAttributes(connection, call)
  return others.map(([id, user, host]) => ({
    username: String(user),
    client: clientOf(String(host)),
    application: attributes.get(id)?.program ?? '',
    endpoint: connection.endpoint,
    id: String(id),
    credentialVersion: attributes.get(id)?.credentialVersion ?? '',
  }))
}

/**
 * Connections that the server has not let in yet: their user is `unauthenticated user` until then.
 * Source: MySQL's "Thread States"; database-open-logins.ts shows it on both servers.
 */
export async function readOpenLogins(
  connections: readonly Connection[],
  call: Call,
): Promise<readonly string[]> {
  const operation = 'list logins under way'
  const sql = `SELECT ID FROM ${PROCESSES} WHERE USER = 'unauthenticated user'`
  const lists = await Promise.all(
    connections.map(async (connection) => {
      const rows = await connection.run({ operation, sql }, call)
      return rows.map(([id]) => `${id} on ${connection.endpoint}`)
    }),
  )
  return lists.flat()
}

/**
 * Ends these sessions where they were seen. Connection ids are not used again while a server runs
 * (MySQL's documentation of CONNECTION_ID), and the user is compared besides.
 * @throws ERR_DB_DENIED when the admin may not end one
 */
export async function endSessions(
  connections: readonly Connection[],
  sessions: readonly Session[],
  call: Call,
): Promise<void> {
  for (const session of sessions) {
    const connection = connections.find(({ endpoint }) => endpoint === session.endpoint)
    if (connection && (await isThere(connection, session, call)))
      await endOne(connection, session, call)
  }
}

async function isThere(
  connection: Connection,
  { id, username }: Session,
  call: Call,
): Promise<boolean> {
  const operation = 'look for a session'
  const sql = `SELECT 1 FROM ${PROCESSES} WHERE ID = ? AND BINARY USER = ?`
  const rows = await connection.run({ operation, sql, values: [Number(id), username] }, call)
  return rows.length > 0
}

/** On Amazon RDS nobody may KILL; its procedure does it. Untried there: see docs/databases.md. */
async function endOne(connection: Connection, session: Session, call: Call): Promise<void> {
  const { endpoint, username } = connection
  const operation = `end a session of "${session.username}"`
  const id = Number(session.id)
  const statements = [
    { operation, sql: `KILL CONNECTION ${id}` },
    { operation, sql: 'CALL mysql.rds_kill(?)', values: [id] },
  ]
  for (const statement of statements) {
    const done = await connection.run(statement, call).then(() => true, refusedOnly)
    if (done || !(await isThere(connection, session, call))) return
  }
  throw new RotatorError('ERR_DB_DENIED', { endpoint, username, operation })
}

/** A session that is gone, somebody else's session, and no such procedure are all refusals. */
function refusedOnly(error: unknown): false {
  const known = error instanceof RotatorError
  if (known && (error.code === 'ERR_DB_STATEMENT' || error.code === 'ERR_DB_DENIED')) return false
  throw error
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
