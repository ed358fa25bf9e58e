// Goal: where the secret demands TLS, a pool of mysql2 talks to nobody whose certificate and name
// it has not verified; by itself mysql2 looks at no name. Method: a real MariaDB that takes nothing
// but TLS, under the name that its certificate has and under another.
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { createPool } from 'mysql2/promise'
import type { Pool, PoolOptions } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import { createMysqlPool } from '../src/drivers/mysql2.ts'
import { poolFigures } from '../src/watch/figures.ts'
import { HandVault } from './hand-vault.ts'
import { soon } from './pool-harness.ts'

const IN_USE = `SELECT VARIABLE_VALUE <> '' AS tls FROM information_schema.SESSION_STATUS
  WHERE VARIABLE_NAME = 'Ssl_cipher'`

const off = (name: string): object => ({ [name]: false })

let engine: RigEngine
let ca = ''
let vault: HandVault
let credentials: Credentials
let pool: Pool

beforeAll(async () => {
  engine = await mariadbRig()
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

function open(secretSays: object, more: PoolOptions): void {
  vault.putText('AWSCURRENT', 'v1', secret(secretSays))
  credentials = createCredentials(vault.source, { pollMs: 0, cooldownMs: 0 })
  pool = createMysqlPool({ credentials, createPool, probeMs: 0, loginWaitMs: 200, ...more })
}

/** By whatever name the server is called. */
function toLocalhost(): Socket {
  return connect(engine.port, '127.0.0.1')
}

test('the server is verified with what the pool was given', async () => {
  open({ ssl: true }, { ssl: { ca } })
  expect((await pool.query(IN_USE))[0]).toEqual([{ tls: 1 }])
})

test('a certificate of a system that nobody vouches for is refused', async () => {
  open({ ssl: 'true' }, {})
  await expect(pool.query(IN_USE)).rejects.toMatchObject({ code: 'HANDSHAKE_SSL_ERROR' })
})

test('a server of another name is refused, which mysql2 by itself takes', async () => {
  const elsewhere = { ssl: { ca }, stream: toLocalhost }
  open({ host: 'db.example' }, elsewhere)
  expect((await pool.query(IN_USE))[0]).toEqual([{ tls: 1 }])
  await pool.end()
  credentials.close()
  open({ host: 'db.example', ssl: true }, elsewhere)
  await expect(pool.query(IN_USE)).rejects.toMatchObject({ code: 'HANDSHAKE_SSL_ERROR' })
})

test.each([
  [{}, { host: '127.0.0.1' }],
  [off('rejectUnauthorized'), {}],
  [off('verifyIdentity'), {}],
  ['Amazon RDS', {}],
])('ssl: %o for %o is refused, and nobody is talked to', async (ssl, place) => {
  open({ ssl: true, ...place }, { ssl: typeof ssl === 'string' ? ssl : { ca, ...ssl } })
  await expect(pool.query(IN_USE)).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  expect(poolFigures(pool).size).toBe(0)
})

test.each([false, 'false', undefined])('a secret that says %j turns nothing off', async (ssl) => {
  open({ ssl }, { ssl: { ca } })
  expect((await pool.query(IN_USE))[0]).toEqual([{ tls: 1 }])
})

test('a change of ssl alone is a swap', async () => {
  open({}, { ssl: { ca } })
  await pool.query('SELECT 1')
  vault.putText('AWSCURRENT', 'v2', secret({ ssl: true }))
  await credentials.refresh()
  await soon(() => expect(poolFigures(pool)).toMatchObject({ swaps: 1, versionId: 'v2' }))
  expect((await pool.query(IN_USE))[0]).toEqual([{ tls: 1 }])
})
