// Goal: where the secret demands TLS, a pool of pg talks to nobody whose certificate and name it
// has not verified. Method: a real PostgreSQL that takes nothing but TLS, under the names that its
// certificate has and under another.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import { createPgPool } from '../src/drivers/pg.ts'
import type { SwapEvents } from '../src/drivers/swap-events.ts'
import { poolFigures } from '../src/watch/figures.ts'
import { HandVault } from './hand-vault.ts'
import { soon } from './pool-harness.ts'

const QUERY = 'SELECT 1 AS served'

let engine: RigEngine
let ca = ''
let vault: HandVault
let credentials: Credentials
let pool: pg.Pool & SwapEvents

beforeAll(async () => {
  engine = await postgresRig()
  ca = await readFile(engine.caFile, 'utf8')
}, 60_000)

afterAll(async () => {
  await engine[Symbol.asyncDispose]()
})

beforeEach(() => {
  vault = new HandVault()
})

afterEach(async () => {
  await pool.end()
  credentials.close()
})

function secret(more: object): string {
  const { username, password, port, dbname } = engine.slots.A
  return JSON.stringify({
    ...{ username, password: password.reveal(), host: 'localhost', port, dbname },
    ...more,
  })
}

function open(secretSays: object, more: pg.PoolConfig): void {
  vault.putText('AWSCURRENT', 'v1', secret(secretSays))
  credentials = createCredentials(vault.source, { pollMs: 0, cooldownMs: 0 })
  pool = createPgPool({ credentials, Pool: pg.Pool, probeMs: 0, loginWaitMs: 200, ...more })
}

/** By whatever name the server is called. */
function toLocalhost(): Socket {
  const socket = new Socket()
  const connect = socket.connect.bind(socket)
  const value = (port: number): Socket => connect(port, '127.0.0.1')
  return Object.defineProperty(socket, 'connect', { value })
}

test.each(['localhost', '127.0.0.1'])(
  '%s is verified with what the pool was given',
  async (host) => {
    open({ ssl: true, host }, { ssl: { ca } })
    expect((await pool.query(QUERY)).rows).toEqual([{ served: 1 }])
  },
)

test('a certificate of a system that nobody vouches for is refused', async () => {
  open({ ssl: 'true' }, {})
  await expect(pool.query(QUERY)).rejects.toThrow(/certificate/u)
})

test('authorities that the system knows are enough', async () => {
  open({ ssl: true }, { ssl: { ca } })
  const program = `
    import pg from 'pg'
    import { createCredentials } from '@cuedot/client'
    import { createPgPool } from '@cuedot/client/pg'
    const { SECRET: value } = process.env
    const credentials = createCredentials(async () => ({ versionId: 'v1', value }))
    const pool = createPgPool({ credentials, Pool: pg.Pool })
    const { rows } = await pool.query('${QUERY}')
    await pool.end()
    console.log(rows[0].served)`
  const args = ['--conditions=cuedot-source', '--input-type=module', '-e', program]
  const known = { NODE_EXTRA_CA_CERTS: engine.caFile, SECRET: secret({ ssl: true }) }
  const env = { PATH: process.env['PATH'], ...known }
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env })
  expect(stdout).toBe('1\n')
})

test.each(['db.example', '127.0.0.2'])('a server that is not %s is refused', async (host) => {
  open({ ssl: true, host }, { ssl: { ca }, stream: toLocalhost })
  await expect(pool.query(QUERY)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
})

test.each([
  [false],
  [Object.fromEntries([['rejectUnauthorized', false]])],
  [{ checkServerIdentity: () => undefined }],
])('ssl: %o is refused, and nobody is talked to', async (ssl) => {
  open({ ssl: true }, { ssl })
  await expect(pool.query(QUERY)).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  expect(poolFigures(pool).size).toBe(0)
})

test.each([false, 'false', undefined])('a secret that says %j turns nothing off', async (ssl) => {
  open({ ssl }, { ssl: { ca } })
  expect((await pool.query(QUERY)).rows).toEqual([{ served: 1 }])
})

test('a secret that comes to demand what the pool turns off ends no service', async () => {
  open({}, { ssl: { ca, checkServerIdentity: () => undefined } })
  await pool.query('SELECT 1')
  const troubles: unknown[] = []
  pool.on('trouble', ({ error }) => troubles.push(error))
  vault.putText('AWSCURRENT', 'v2', secret({ ssl: true }))
  await credentials.refresh()
  await soon(() => expect(troubles[0]).toMatchObject({ code: 'ERR_OPTIONS' }))
  await pool.query('SELECT 1')
})

test('a change of ssl alone is a swap', async () => {
  open({}, { ssl: { ca } })
  await pool.query('SELECT 1')
  vault.putText('AWSCURRENT', 'v2', secret({ ssl: true }))
  await credentials.refresh()
  await soon(() => expect(poolFigures(pool)).toMatchObject({ swaps: 1, versionId: 'v2' }))
  expect((await pool.query(QUERY)).rows).toEqual([{ served: 1 }])
})
