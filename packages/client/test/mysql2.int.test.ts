import { readFile } from 'node:fs/promises'
import mysql from 'mysql2'
import { createPool } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  nativeHash,
  quoteAccount,
  quoteText,
} from '../../rotator/src/adapters/mysql/protocol/sql.ts'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import { createMysqlPool } from '../src/drivers/mysql2.ts'
import type { Sensitive } from '../src/protocol/sensitive.ts'
import { HandVault } from './hand-vault.ts'
import { openMysql } from './mysql2-pool.ts'
import { poolTests } from './pool-tests.ts'
import type { PoolSubject } from './pool-harness.ts'

function subject(
  { name, start }: Pick<PoolSubject, 'name' | 'start'>,
  identified: (password: Sensitive) => string,
): PoolSubject {
  return {
    ...{ name, start, open: openMysql },
    setPassword: async (root, user, password) => {
      await root.ask(`ALTER USER ${quoteAccount({ user, host: '%' })} ${identified(password)}`)
    },
    sessions: async (root, username) => {
      const rows = await root.ask(
        `SELECT ATTR_VALUE FROM performance_schema.session_connect_attrs
         JOIN information_schema.PROCESSLIST ON PROCESSLIST.ID = PROCESSLIST_ID
         WHERE ATTR_NAME = 'cred_version' AND USER = ${quoteText(username)}`,
      )
      return rows.map(([version]) => String(version))
    },
    refusedInLog: /Connect\tAccess denied/gu,
    refusal: { errno: 1045 },
  }
}

poolTests(
  subject({ name: 'mysql2, on MariaDB', start: () => mariadbRig() }, (password) => {
    return `IDENTIFIED VIA mysql_native_password USING ${quoteText(nativeHash(password))}`
  }),
)

poolTests(
  subject({ name: 'mysql2, on MySQL', start: () => mysqlRig() }, (password) => {
    return `IDENTIFIED BY ${quoteText(password.reveal())}`
  }),
)

describe('createMysqlPool', () => {
  let engine: RigEngine
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
    const vault = new HandVault()
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
