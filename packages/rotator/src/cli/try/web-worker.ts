/**
 * One worker of the demo's web application. It reads its database credential once, when it boots,
 * and holds it for its life: only a restart gives it another, as with most applications.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseEnv } from 'node:util'
import pg from 'pg'
import { WORKER_ENV } from './requests.ts'
import type { WorkerReady } from './requests.ts'

const env = parseEnv(readFileSync(process.env[WORKER_ENV.file] ?? '', 'utf8'))
const name = process.env[WORKER_ENV.name] ?? 'web'
const connection: pg.ClientConfig = {
  host: env['DB_HOST'],
  port: Number(env['DB_PORT']),
  database: env['DB_NAME'],
  user: env['DB_USER'],
  password: env['DB_PASSWORD'],
  application_name: name,
  connectionTimeoutMillis: 10_000,
}
const pool = new pg.Pool({ ...connection, max: 6 })
pool.on('error', complain)

const INSERT = 'INSERT INTO visit (kind) VALUES ($1) RETURNING id, session_user AS "user"'

interface Visit {
  readonly id: string
  readonly user: string
}

async function pooled(): Promise<string> {
  return userOf(await pool.query<Visit>(INSERT, ['pooled']))
}

/** A new connection for one query: what PHP does, and what finds a wrong password at once. */
async function fresh(): Promise<string> {
  const client = new pg.Client(connection)
  client.on('error', complain)
  await client.connect()
  try {
    return userOf(await client.query<Visit>(INSERT, ['fresh']))
  } finally {
    await client.end()
  }
}

/** A transaction of 1 to 1.5 seconds: killing its session would lose it. */
async function long(): Promise<string> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query<Visit>(INSERT, ['long'])
    await client.query('SELECT pg_sleep($1)', [1 + Math.random() / 2])
    const sql = 'UPDATE visit SET steps = 2 WHERE id = $1 RETURNING id, session_user AS "user"'
    const user = userOf(await client.query<Visit>(sql, [rows[0]?.id]))
    await client.query('COMMIT')
    return user
  } catch (error) {
    await client.query('ROLLBACK').catch(complain)
    throw error
  } finally {
    client.release()
  }
}

/** Well when the database answers; a bad release is simulated by being unwell as a given user. */
async function health(): Promise<string> {
  const { rows } = await pool.query<Visit>('SELECT 0 AS id, session_user AS "user"')
  const user = rows[0]?.user ?? ''
  if (user === process.env[WORKER_ENV.unhealthyAs]) throw new Error(`unwell as ${user}`)
  return user
}

function userOf({ rows }: pg.QueryResult<Visit>): string {
  const [visit] = rows
  if (!visit) throw new Error('no row was written')
  return visit.user
}

const PAGES: Readonly<Record<string, () => Promise<string>>> = {
  '/pooled': pooled,
  '/fresh': fresh,
  '/long': long,
  '/health': health,
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = PAGES[request.url ?? '']
  if (!page) return reply(response, 404, { error: 'no such page' })
  try {
    reply(response, 200, { user: await page(), worker: name })
  } catch (error) {
    complain(error)
    reply(response, request.url === '/health' ? 503 : 500, { error: codeOf(error) })
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** The SQLSTATE or errno; a message could quote a value. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'error'
}

function complain(error: unknown): void {
  const text = error instanceof Error ? error.message : 'unknown error'
  console.error(`${new Date().toISOString()} ${name} ${codeOf(error)} ${text}`)
}

/** Finishes what it has begun; a balancer has stopped sending it more. */
async function stop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  await promise
  await pool.end()
  process.exit(0)
}

const server = createServer((request, response) => void answer(request, response))
// The balancer keeps connections; one that we close just as it sends would lose a request.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const ready: WorkerReady = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
  }
  process.send?.(ready)
})
process.once('SIGTERM', () => void stop())
process.once('disconnect', () => process.exit(1))
