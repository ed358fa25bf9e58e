import { readFile } from 'node:fs/promises'
import type { Credential } from '@cuedot/client/protocol'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import type { RigEngine } from './engine.ts'

/**
 * Why a request failed.
 * - `login`: the server refused the login.
 * - `connection`: it could not be opened, broke, or was not answered.
 * - `statement`: the server refused a statement.
 * - `transaction`: a transaction that had begun was not committed, for whatever reason.
 */
export type FailureKind = 'login' | 'connection' | 'statement' | 'transaction'

/** Every kind of failure, in the order in which results show them. */
export const FAILURE_KINDS: readonly FailureKind[] = [
  'login',
  'connection',
  'statement',
  'transaction',
]

/** Why a request failed, and what the server or the driver said: an SQLSTATE, an errno, a word. */
export interface Failure {
  readonly kind: FailureKind
  readonly code: string
}

/** One connection of a consumer. */
export interface DatabaseSession {
  /** Resolves to the rows of the answer. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>
  close(): Promise<void>
}

type Login = Pick<Credential, 'username' | 'password' | 'version'>
/** Where a consumer finds its database. */
export type ConsumerServer = Pick<RigEngine, 'engine' | 'host' | 'port' | 'dbname' | 'caFile'>

/** Logs in as a consumer does, over verified TLS. */
export async function openSession(server: ConsumerServer, login: Login): Promise<DatabaseSession> {
  const ca = await readFile(server.caFile, 'utf8')
  return server.engine === 'postgres'
    ? await openPostgres(server, login, ca)
    : await openMysql(server, login, ca)
}

/** Longer than any stall of a machine that is merely busy. */
const CONNECT_LIMIT_MS = 15_000

async function openPostgres(
  server: ConsumerServer,
  login: Login,
  ca: string,
): Promise<DatabaseSession> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: server.dbname,
    user: login.username,
    password: login.password.reveal(),
    ssl: { ca },
    application_name: 'consumer',
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

async function openMysql(
  server: ConsumerServer,
  login: Login,
  ca: string,
): Promise<DatabaseSession> {
  const connection = await createConnection({
    // Certificates of tests carry this name; the driver does not compare addresses.
    host: 'localhost',
    port: server.port,
    database: server.dbname,
    user: login.username,
    password: login.password.reveal(),
    ssl: { ca },
    connectTimeout: CONNECT_LIMIT_MS,
    connectAttributes: { program_name: 'consumer', cred_version: login.version ?? '' },
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
const REFUSED: ReadonlySet<string> = new Set(['28P01', '28000', '1045', '3118', '4151'])

/** SQLSTATEs with which PostgreSQL ends a connection: class 08, and 57P for a shutdown. */
const ENDS_CONNECTION = /^(08|57P)/

/** Reads what kind of failure an error is. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error)
  if (REFUSED.has(code)) return { kind: 'login', code }
  const answered =
    error instanceof pg.DatabaseError
      ? !ENDS_CONNECTION.test(code)
      : error instanceof Error && 'sqlState' in error
  return { kind: answered ? 'statement' : 'connection', code }
}

/** A message could quote a value, a code cannot. */
function codeOf(error: unknown): string {
  const fields = typeof error === 'object' && error !== null ? error : {}
  if ('errno' in fields && typeof fields.errno === 'number' && fields.errno > 0)
    return String(fields.errno)
  if ('code' in fields && typeof fields.code === 'string') return fields.code
  return error instanceof Error ? error.name : 'unknown'
}
