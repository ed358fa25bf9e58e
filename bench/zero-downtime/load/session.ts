import { readFile } from 'node:fs/promises'
import type { Credential } from '@cuedot/client/protocol'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import type { FailureKind, LoadSetup } from './messages.ts'

/** One connection of a consumer. */
export interface DatabaseSession {
  /** Resolves to the rows of the answer. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>
  close(): Promise<void>
}

type Login = Pick<Credential, 'username' | 'password'>
type Server = Pick<LoadSetup, 'engine' | 'host' | 'port' | 'dbname' | 'caFile'>

/** Logs in as a consumer does, over verified TLS. */
export async function openSession(server: Server, login: Login): Promise<DatabaseSession> {
  const ca = await readFile(server.caFile, 'utf8')
  return server.engine === 'postgres'
    ? await openPostgres(server, login, ca)
    : await openMysql(server, login, ca)
}

/** Longer than any stall of a machine that is merely busy. */
const CONNECT_LIMIT_MS = 15_000

async function openPostgres(server: Server, login: Login, ca: string): Promise<DatabaseSession> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: server.dbname,
    user: login.username,
    password: login.password.reveal(),
    ssl: { ca },
    application_name: 'bench',
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
  })
  // The request that uses the connection meets the error as well.
  client.on('error', () => undefined)
  await client.connect()
  return {
    query: async (sql) => (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows,
    close: () => client.end(),
  }
}

async function openMysql(server: Server, login: Login, ca: string): Promise<DatabaseSession> {
  const connection = await createConnection({
    // Certificates of tests carry this name; the driver does not compare addresses.
    host: 'localhost',
    port: server.port,
    database: server.dbname,
    user: login.username,
    password: login.password.reveal(),
    ssl: { ca },
    connectTimeout: CONNECT_LIMIT_MS,
  })
  connection.on('error', () => undefined)
  return {
    async query(sql) {
      const [rows] = await connection.query({ sql, rowsAsArray: true })
      return Array.isArray(rows) ? rows.map((row) => (Array.isArray(row) ? row : [row])) : []
    },
    close: () => connection.end(),
  }
}

/**
 * Logins that a server refuses for the account's sake. PostgreSQL: 28P01, 28000 (appendix A of its
 * documentation); MySQL: 1045 ER_ACCESS_DENIED_ERROR, 3118 ER_ACCOUNT_HAS_BEEN_LOCKED; MariaDB:
 * 4151 ER_ACCOUNT_HAS_BEEN_LOCKED (the error lists in their documentation).
 */
const REFUSED: ReadonlySet<unknown> = new Set(['28P01', '28000', 1045, 3118, 4151])

/** SQLSTATEs with which PostgreSQL ends a connection: class 08, and 57P for a shutdown. */
const ENDS_CONNECTION = /^(08|57P)/

/** Reads what kind of failure an error is. */
export function failureOf(error: unknown): FailureKind {
  if (error instanceof pg.DatabaseError) {
    if (REFUSED.has(error.code)) return 'login'
    return ENDS_CONNECTION.test(error.code ?? '') ? 'connection' : 'statement'
  }
  const fields = typeof error === 'object' && error !== null ? error : {}
  if ('errno' in fields && REFUSED.has(fields.errno)) return 'login'
  return 'sqlState' in fields && typeof fields.sqlState === 'string' ? 'statement' : 'connection'
}
