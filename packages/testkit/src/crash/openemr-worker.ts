/**
 * A worker of OpenEMR that reads sqlconf.php once, when it starts, as PHP with opcache does, and
 * logs in for every request. Run as a task or in a pod: `node openemr-worker.ts <sqlconf.php>
 * <CA file> <port of the database> <port of the office>`; prints `ready` when it serves. Tells the
 * office what it holds, and each request that fails; works at once when the office says so. On
 * SIGTERM it ends what it has in hand and leaves.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { writeNote } from './openemr-notes.ts'

/** Between two requests of one worker: two engines share a machine. */
const PACE_MS = 300

const [conf = '', caFile = '', port = '', office = ''] = process.argv.slice(2)
const source = readFileSync(conf, 'utf8')
const [user, password] = [plainVariable('login'), plainVariable('pass')]
const ca = readFileSync(caFile, 'utf8')

const stop = new AbortController()
const socket = connect(Number(office), '127.0.0.1')
socket.on('error', () => stop.abort())
await once(socket, 'connect')
writeNote(socket, { holds: { username: user, password } })
let asked: Promise<unknown> = Promise.resolve()
createInterface({ input: socket })
  .on('line', () => {
    const done = request().then(() => writeNote(socket, { worked: true }))
    asked = Promise.all([asked, done])
  })
  .on('error', () => undefined)
  .on('close', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

await request()
console.log('ready')
while (!stop.signal.aborted) {
  await pause(PACE_MS, undefined, { signal: stop.signal }).catch(() => undefined)
  if (!stop.signal.aborted) await request()
}
await asked
// What it has told must arrive before it is gone.
socket.end()

/** Logs in, writes a row, leaves. */
async function request(): Promise<void> {
  try {
    const at = { host: 'localhost', port: Number(port), database: 'openemr', ssl: { ca } }
    const connection = await createConnection({ ...at, user, password })
    await connection.query('INSERT INTO visit (id) VALUES (1)')
    await connection.end()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    writeNote(socket, { failed: code })
  }
}

/** As the installer writes it. */
function plainVariable(name: string): string {
  return new RegExp(`^\\$${name}\\s*=\\s*'([^']*)'`, 'm').exec(source)?.[1] ?? ''
}
