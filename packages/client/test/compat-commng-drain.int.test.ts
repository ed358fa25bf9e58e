// Goal: CommNG's lines about the pool before a swap say how it has ended. Method: a real
// PostgreSQL, and a secret that a test writes.
import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { createPostgres, createSecretsManager } from '../src/compat/commng/index.ts'
import type { SecretsManager } from '../src/compat/commng/index.ts'
import { HandVault } from './hand-vault.ts'
import { soon } from './pool-harness.ts'

const GRACEFULLY = 'info Old database pool closed gracefully after swap'
const CUT_OFF = 'warn Old database pool closed, and what was still in use cut off'
const FAILED = 'error Failed to close old database pool'

/** Says that it could not be closed, once it is. */
class UnclosedPool extends pg.Pool {
  override async end(): Promise<void> {
    await super.end()
    throw new Error('of the pool')
  }
}

let engine: RigEngine
let ca = ''
let vault: HandVault
let secretsManager: SecretsManager
let pool: pg.Pool
let lines: string[]

const log = {
  debug: () => undefined,
  info: (message: string) => void lines.push(`info ${message}`),
  warn: (_: unknown, message: string) => void lines.push(`warn ${message}`),
  error: (_: unknown, message: string) => void lines.push(`error ${message}`),
}

beforeAll(async () => {
  engine = await postgresRig()
  ca = await readFile(engine.caFile, 'utf8')
}, 60_000)

afterAll(async () => {
  await engine[Symbol.asyncDispose]()
})

beforeEach(() => {
  lines = []
  vault = new HandVault()
  vault.put('AWSCURRENT', 'v1', { ...engine.slots.A, host: 'localhost' })
})

afterEach(async () => {
  await pool.end()
  secretsManager.close()
})

async function start(Pool: typeof pg.Pool, drainMs: number): Promise<pg.PoolClient> {
  const variables = { DB_SECRET_ID: 'a', POSTGRES_SSL: 'true' }
  secretsManager = createSecretsManager({ log, variables, source: vault.source })
  const options = { secretsManager, Pool, log, ca, probeMs: 0, drainMs }
  ;({ pool } = createPostgres(options))
  const held = await pool.connect()
  held.on('error', () => undefined)
  return held
}

async function swap(): Promise<void> {
  const { promise: swapped, resolve } = Promise.withResolvers<void>()
  Reflect.apply(pool.on, pool, ['swap', resolve])
  vault.put('AWSCURRENT', 'v2', { ...engine.slots.B, host: 'localhost' })
  await secretsManager.credentials.refresh()
  await swapped
}

/** Lines about the pool before. */
const ended = (): readonly string[] =>
  lines.filter((line) => line.includes('old database pool') || line.includes('Old database pool'))

test('C3, C8, C16: a pool that nobody uses any more is closed gracefully', async () => {
  const held = await start(pg.Pool, 30_000)
  await swap()
  expect(ended()).toEqual([])
  held.release()
  await soon(() => expect(ended()).toEqual([GRACEFULLY]))
})

test('CN7: a pool that is used for longer than drainMs is said to be cut off', async () => {
  const held = await start(pg.Pool, 50)
  await swap()
  await soon(() => expect(ended()).toEqual([CUT_OFF]))
  held.release()
})

test('C16: a pool that cannot be closed is told of as CommNG does', async () => {
  const held = await start(UnclosedPool, 30_000)
  held.release()
  await swap()
  await soon(() => expect(ended()).toEqual([FAILED]))
})
