/**
 * A web application as a container: it takes the credential from its environment when it starts and
 * keeps it. `GET /` is answered by a pooled session and by a fresh login with what it holds; the
 * answer names the user. It prints `ready` when it is, but not as the user that must never be.
 * SIGTERM ends it in good order.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { createConnection, createPool } from 'mysql2/promise'
import type { ConnectionOptions, RowDataPacket } from 'mysql2/promise'

/** As long as whoever sends requests may not know that it is going. */
const GOING_MS = 300

const { DB_HOST = '', DB_PORT = '', DB_NAME = '', DB_USER = '', DB_PASSWORD = '' } = process.env
const { DB_CA = '', POD_IP = '', PORT = '', NEVER_READY_AS = '' } = process.env

const login: ConnectionOptions = {
  ...{ host: DB_HOST, port: Number(DB_PORT), user: DB_USER, password: DB_PASSWORD },
  ...{ database: DB_NAME, ssl: { ca: readFileSync(DB_CA, 'utf8') } },
  connectAttributes: { program_name: 'web' },
}
const pool = createPool({ ...login, connectionLimit: 2 })

async function answer(): Promise<string> {
  await pool.query('INSERT INTO visit (id) VALUES (1)')
  const fresh = await createConnection(login)
  const [rows] = await fresh.query<RowDataPacket[]>('SELECT user() AS name')
  await fresh.end()
  return String(rows[0]?.['name']).replace(/@.*/, '')
}

const server = createServer((_request, response) => {
  response.setHeader('connection', 'close')
  answer().then(
    (user) => response.writeHead(200).end(user),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})

async function stop(): Promise<void> {
  await pause(GOING_MS)
  server.close(() => void pool.end().then(() => process.exit(0)))
}

process.once('SIGTERM', () => void stop())
// The node that ran it is no more.
process.stdin.on('end', () => process.exit(0)).resume()
await answer()
server.listen(Number(PORT), POD_IP, () => {
  if (DB_USER !== NEVER_READY_AS) console.log('ready')
})
