import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { scramVerifier } from '../../rotator/src/adapters/postgres/scram.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import { createPgPool } from '../src/drivers/pg.ts'
import { HandVault } from './hand-vault.ts'
import { poolTests } from './pool-tests.ts'
import type { HeldConnection, TestPool, TestPoolOptions } from './pool-harness.ts'

interface Named {
  readonly name: string
}

const USER = 'SELECT session_user AS name'

function open({ ca, ...options }: TestPoolOptions): TestPool {
  const pool = createPgPool({ ...options, Pool: pg.Pool, ssl: { ca }, host: 'localhost' })
  pool.on('error', () => undefined)
  return {
    user: async () => nameIn(await pool.query<Named>(USER)),
    hold: async () => heldBy(await pool.connect()),
    onSwap: (listener) => void pool.on('swap', listener),
    onTrouble: (listener) => void pool.on('trouble', listener),
    end: () => pool.end(),
  }
}

function heldBy(client: pg.PoolClient): HeldConnection {
  client.on('error', () => undefined)
  return {
    user: async () => nameIn(await client.query<Named>(USER)),
    begin: async () => void (await client.query('BEGIN')),
    commit: async () => void (await client.query('COMMIT')),
    release: () => client.release(),
  }
}

function nameIn({ rows: [row] }: pg.QueryResult<Named>): string {
  return row?.name ?? ''
}

poolTests({
  name: 'pg, on PostgreSQL',
  start: () => postgresRig(),
  open,
  setPassword: async (root, username, password) => {
    const verifier = await scramVerifier(password)
    await root.ask(
      `ALTER ROLE ${pg.escapeIdentifier(username)} PASSWORD ${pg.escapeLiteral(verifier)}`,
    )
  },
  sessions: async (root, username) => {
    const rows = await root.ask(
      `SELECT application_name FROM pg_stat_activity WHERE usename = ${pg.escapeLiteral(username)}`,
    )
    return rows.map(([name]) => String(name))
  },
  refusedInLog: /password authentication failed for user/gu,
  refusal: { code: '28P01' },
})

describe('createPgPool', () => {
  let engine: RigEngine
  let credentials: Credentials
  let pool: pg.Pool

  beforeAll(async () => {
    engine = await postgresRig()
  }, 60_000)

  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  beforeEach(async () => {
    const vault = new HandVault()
    vault.put('AWSCURRENT', 'v1', engine.slots.A)
    credentials = createCredentials(vault.source)
    const ca = await readFile(engine.caFile, 'utf8')
    const options = { credentials, Pool: pg.Pool, ssl: { ca }, host: 'localhost', max: 2 }
    pool = createPgPool({ ...options, application_name: 'billing', connectionTimeoutMillis: 100 })
  })

  afterEach(async () => {
    await pool.end()
    credentials.close()
  })

  test('returns a pool of the class that was given, for whoever looks', async () => {
    expect(pool).toBeInstanceOf(pg.Pool)
    expect(pool.options.max).toBe(2)
    const first = await pool.connect()
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 0, 0])
    first.release()
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
  })

  test('takes callbacks where the driver takes them', async () => {
    const asked = Promise.withResolvers<unknown>()
    pool.query('SELECT $1::int AS n', [7], (error, { rows }) => asked.resolve(error ?? rows))
    expect(await asked.promise).toEqual([{ n: 7 }])
    const held = Promise.withResolvers<unknown>()
    pool.connect((error, client, release) => {
      release()
      held.resolve(error ?? client?.constructor.name)
    })
    expect(await held.promise).toBe('Client')
    const ended = Promise.withResolvers<void>()
    pool.end(() => ended.resolve())
    await ended.promise
    expect([pool.ending, pool.ended]).toEqual([true, true])
  })

  test('tells what the driver tells, so that a session can be prepared', async () => {
    pool.on('connect', (client) => void client.query("SET search_path TO 'mine'"))
    const { rows } = await pool.query('SHOW search_path')
    expect(rows).toEqual([{ search_path: 'mine' }])
  })

  test('keeps to the limit of the driver for whoever waits for a client', async () => {
    const held = await Promise.all([pool.connect(), pool.connect()])
    await expect(pool.query('SELECT 1')).rejects.toThrow('timeout exceeded when trying to connect')
    for (const client of held) client.release()
    await pool.query('SELECT 1')
  })

  test('an error of a statement is the application’s, and is not asked again', async () => {
    await expect(pool.query('SELECT nonsense')).rejects.toMatchObject({ code: '42703' })
    const raise = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '28P01'; END $$"
    await expect(pool.query(raise)).rejects.toMatchObject({ code: '28P01' })
    const raised = (await engine.log()).split('\n').filter((line) => line.includes('ERROR:  28P01'))
    expect(raised).toHaveLength(1)
  })

  test('names the application and its version, cut to what the server takes', async () => {
    const { rows } = await pool.query('SHOW application_name')
    expect(rows).toEqual([{ application_name: 'billing cred=v1' }])
  })

  test.each(['user', 'password', 'connectionString'])('%s is refused', (name) => {
    const options = { credentials, Pool: pg.Pool, [name]: 'canary' }
    expect(() => createPgPool(options)).toThrow(`${name} must not be given`)
  })

  test('limits out of bounds are refused', () => {
    expect(() => createPgPool({ credentials, Pool: pg.Pool, drainMs: -1 })).toThrow('drainMs')
  })
})
