/**
 * An application in a pod: logs in again and again with what its environment held when it was
 * started, and notes each attempt in a file. Run by the node of a cluster; ends on SIGTERM.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'

const { DB_USER: user, DB_PASSWORD: password, DB_PORT, DB_CA, NOTES } = process.env
if (DB_PORT === undefined || DB_CA === undefined || NOTES === undefined)
  throw new Error('DB_PORT, DB_CA and NOTES must be set')
const ca = readFileSync(DB_CA, 'utf8')
const notes = NOTES

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

async function attempt(): Promise<string> {
  const client = new pg.Client({
    ...{ host: 'localhost', port: Number(DB_PORT), database: 'app', ssl: { ca } },
    ...{ user, password, application_name: 'consumer' },
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('INSERT INTO visit (id) VALUES (1)')
    return 'ok'
  } catch (error) {
    return `failed: ${String(error)}`
  } finally {
    await client.end()
  }
}

let isReady = false
while (!stop.signal.aborted) {
  const outcome = await attempt()
  appendFileSync(notes, `${user ?? ''} ${outcome}\n`)
  if (outcome === 'ok' && !isReady) console.log('ready')
  isReady ||= outcome === 'ok'
  await pause(40)
}
