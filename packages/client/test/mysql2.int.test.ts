import { readFile } from 'node:fs/promises'
import mysql from 'mysql2'
import { createPool } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import { createMysqlPool } from '../src/drivers/mysql2.ts'
import { HandVault } from './hand-vault.ts'
import { ON_MARIADB, ON_MYSQL } from './mysql2-subjects.ts'
import { poolTests } from './pool-tests.ts'

poolTests(ON_MARIADB)
poolTests(ON_MYSQL)

describe('createMysqlPool', () => {
  let engine: RigEngine
  let vault: HandVault
  let credentials: Credentials
  let options: Parameters<typeof mysql.createPool>[0] & object

  beforeAll(async () => {
    engine = await mariadbRig()
    options = { ssl: { ca: await readFile(engine.caFile, 'utf8') }, host: 'localhost' }
  }, 60_000)

  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  beforeEach(() => {
    vault = new HandVault()
    vault.put('AWSCURRENT', 'v1', engine.slots.A)
    credentials = createCredentials(vault.source)
  })

  afterEach(() => {
    credentials.close()
  })

  test('has the interface of promises: queries, statements, transactions', async () => {
    const pool = createMysqlPool({ ...options, credentials, createPool, connectionLimit: 2 })
    const [rows] = await pool.execute('SELECT ? AS n', [7])
    expect(rows).toEqual([{ n: 7 }])
    const connection = await pool.getConnection()
    await connection.beginTransaction()
    await connection.query('INSERT INTO visit (id) VALUES (1)')
    await connection.commit()
    pool.releaseConnection(connection)
    expect(pool.escape("it's")).toBe("'it\\'s'")
    await pool.end()
  })

  test('has the interface of callbacks, where that is given', async () => {
    const pool = createMysqlPool({ ...options, credentials, createPool: mysql.createPool })
    const asked = Promise.withResolvers<unknown>()
    pool.query('SELECT ? AS n', [7], (error, rows) => asked.resolve(error ?? rows))
    expect(await asked.promise).toEqual([{ n: 7 }])
    const [rows] = await pool.promise().query('SELECT 8 AS n')
    expect(rows).toEqual([{ n: 8 }])
    const ended = Promise.withResolvers<unknown>()
    pool.end((error) => ended.resolve(error))
    expect(await ended.promise).toBeFalsy()
  })

  test('a connection that is destroyed makes room for another', async () => {
    const pool = createMysqlPool({ ...options, credentials, createPool, connectionLimit: 1 })
    const connection = await pool.getConnection()
    const waiting = pool.query('SELECT 1 AS n')
    connection.destroy()
    expect((await waiting)[0]).toEqual([{ n: 1 }])
    await pool.end()
  })

  test('keeps to the rules of the driver for whoever waits for a connection', async () => {
    const none = { ...options, credentials, createPool, connectionLimit: 1 }
    const impatient = createMysqlPool({ ...none, waitForConnections: false })
    const connection = await impatient.getConnection()
    await expect(impatient.query('SELECT 1')).rejects.toThrow('No connections available.')
    connection.release()
    await impatient.end()
    const short = createMysqlPool({ ...none, queueLimit: 1 })
    let enqueued = 0
    short.on('enqueue', () => void enqueued++)
    const held = await short.getConnection()
    const waiting = short.query('SELECT 1')
    await expect(short.query('SELECT 1')).rejects.toThrow('Queue limit reached.')
    held.release()
    await waiting
    expect(enqueued).toBe(1)
    await short.end()
  })

  test('tells how a pool has ended that another has replaced', async () => {
    const pool = createMysqlPool({ ...options, credentials, createPool, drainMs: 50 })
    const held = await pool.getConnection()
    const cutOff = new Promise<unknown>((resolve) => void pool.once('drained', resolve))
    vault.put('AWSCURRENT', 'v2', engine.slots.B)
    await credentials.refresh()
    const { A, B } = engine.slots
    expect(await cutOff).toEqual({ versionId: 'v1', username: A.username, why: 'limit' })
    held.release()
    const unused = new Promise<unknown>((resolve) => void pool.once('drained', resolve))
    vault.put('AWSCURRENT', 'v3', A)
    await credentials.refresh()
    expect(await unused).toEqual({ versionId: 'v2', username: B.username, why: 'unused' })
    await pool.end()
  })

  test('an error of a statement is the application’s', async () => {
    const pool = createMysqlPool({ ...options, credentials, createPool })
    await expect(pool.query('SELECT nonsense')).rejects.toMatchObject({ errno: 1054 })
    await pool.end()
  })

  test.each(['user', 'password', 'uri'])('%s is refused', (name) => {
    const refused = { ...options, credentials, createPool, [name]: 'canary' }
    expect(() => createMysqlPool(refused)).toThrow(`${name} must not be given`)
  })
})
