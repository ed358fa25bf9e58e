/**
 * A worker of an application that reads OpenEMR's sqlconf.php once, when it starts, as PHP with
 * opcache does, and then logs in for every request. Run as a task of its own:
 * `node worker.ts <sqlconf.php> <CA file> <report file> <milliseconds between requests>`; prints
 * `ready` when it serves. On SIGTERM it ends what it has in hand and leaves. Each end of a request
 * is a line of the report.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'

const [conf = '', caFile = '', report = '', pace = ''] = process.argv.slice(2)
const login = readLogin(readFileSync(conf, 'utf8'))
const ca = readFileSync(caFile, 'utf8')
const state = { stopped: false }
process.once('SIGTERM', () => {
  state.stopped = true
})

await request()
console.log('ready')
while (!state.stopped) {
  await request()
  await pause(Number(pace))
}

/** Logs in, writes a row, leaves. */
async function request(): Promise<void> {
  try {
    const connection = await createConnection({ ...login, ssl: { ca } })
    await connection.query('INSERT INTO visit (id) VALUES (1)')
    await connection.end()
    tell('served')
  } catch (error) {
    tell(`failed ${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}`)
  }
}

function tell(what: string): void {
  appendFileSync(report, `${what} as ${login.user}\n`)
}

/** The plain variables, as an installer writes them. */
function readLogin(source: string): {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
} {
  const value = (name: string): string =>
    new RegExp(`^\\$${name}\\s*=\\s*'([^']*)'`, 'm').exec(source)?.[1] ?? ''
  return {
    host: value('host'),
    port: Number(value('port')),
    user: value('login'),
    password: value('pass'),
    database: value('dbase'),
  }
}
