import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import { createPgPool } from '../src/drivers/pg.ts'
import { HandVault } from './hand-vault.ts'
import { ON_POSTGRES } from './pg-pool.ts'
import { poolTests } from './pool-tests.ts'

poolTests(ON_POSTGRES)

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
    pool = await open({})
  })

  const open = async (more: pg.PoolConfig): Promise<pg.Pool> => {
    const ca = await readFile(engine.caFile, 'utf8')
    const options = { credentials, Pool: pg.Pool, ssl: { ca }, host: 'localhost', max: 2 }
    return createPgPool({ ...options, application_name: 'billing', ...more })
  }

  afterEach(async () => {
    await pool.end()
    credentials.close()
  })

  test('returns a pool of the class that was given, for whoever looks', async () => {
    expect(pool).toBeInstanceOf(pg.Pool)
    const first = await pool.connect()
    const { username: user, host, port, dbname: database } = engine.slots.A
    expect(pool.options).toMatchObject({ max: 2, user, host, port, database })
    expect(pool.options).not.toHaveProperty('password')
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
    const limited = await open({ connectionTimeoutMillis: 2_000 })
    const held = await Promise.all([limited.connect(), limited.connect()])
    const tooLong = 'timeout exceeded when trying to connect'
    await expect(limited.query('SELECT 1')).rejects.toThrow(tooLong)
    for (const client of held) client.release()
    await limited.query('SELECT 1')
    await limited.end()
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

  test.each([
    ['whose pool has ended', 'await pool.end()', {}],
    ['that has nothing to do but its idle connections', '', { allowExitOnIdle: true }],
  ])('a process %s ends', async (_, end, more) => {
    const { username, password, port, dbname } = engine.slots.A
    const options = { ssl: { ca: await readFile(engine.caFile, 'utf8') }, ...more }
    const program = `
      import pg from 'pg'
      import { createCredentials } from '@cuedot/client'
      import { credentialVariables } from '@cuedot/client/env'
      import { createPgPool } from '@cuedot/client/pg'
      const credentials = createCredentials(credentialVariables())
      const pool = createPgPool({ credentials, Pool: pg.Pool, ...JSON.parse(process.env.OPTIONS) })
      const { rows } = await pool.query('SELECT session_user AS name')
      ${end}
      console.log(rows[0].name)`
    const args = ['--conditions=cuedot-source', '--input-type=module', '-e', program]
    const login = { DB_USER: username, DB_PASSWORD: password.reveal(), DB_HOST: 'localhost' }
    const at = { DB_PORT: String(port), DB_NAME: dbname, OPTIONS: JSON.stringify(options) }
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const env = { PATH: process.env['PATH'], ...login, ...at }
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env })
    expect(stdout).toBe(`${username}\n`)
  })
})
