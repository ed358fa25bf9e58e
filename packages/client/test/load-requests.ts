import { setTimeout as pause } from 'node:timers/promises'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import type { Credentials } from '../src/credentials/credentials.ts'
import { createMysqlPool } from '../src/drivers/mysql2.ts'
import { createPgPool } from '../src/drivers/pg.ts'

/** What an application asks of a database, whatever its driver. */
export interface Requests {
  /** A query with whatever connection the pool has. */
  pooled(): Promise<void>
  /** A query with a connection that nobody had before and nobody has afterwards. */
  connecting(): Promise<void>
  /** A transaction that takes this long, in milliseconds. */
  transaction(ms: number): Promise<void>
  end(): Promise<void>
}

/** Where the pools log in, and by what. */
export interface Setup {
  readonly credentials: Credentials
  readonly ca: string
  readonly port: number
  readonly database: string
}

/** The client's pool of `pg`. */
export function requestsByPg({ credentials, ca, port, database }: Setup): Requests {
  const place = { host: 'localhost', port, database, ssl: { ca } }
  const pool = createPgPool({ credentials, Pool: pg.Pool, ...place, max: 10 })
  pool.on('error', () => undefined)
  return {
    pooled: async () => void (await pool.query('SELECT 1')),
    connecting: async () => {
      const client = await pool.connect()
      await client.query('SELECT 1').finally(() => client.release(true))
    },
    transaction: async (ms) => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await pause(ms)
        await client.query('COMMIT')
      } finally {
        client.release()
      }
    },
    end: () => pool.end(),
  }
}

/** The client's pool of `mysql2`. */
export function requestsByMysql2({ credentials, ca, port, database }: Setup): Requests {
  const place = { host: 'localhost', port, database, ssl: { ca } }
  const pool = createMysqlPool({ credentials, createPool, ...place, connectionLimit: 10 })
  return {
    pooled: async () => void (await pool.query('SELECT 1')),
    connecting: async () => {
      const connection = await pool.getConnection()
      await connection.query('SELECT 1').finally(() => connection.destroy())
    },
    transaction: async (ms) => {
      const connection = await pool.getConnection()
      try {
        await connection.beginTransaction()
        await pause(ms)
        await connection.commit()
      } finally {
        connection.release()
      }
    },
    end: () => pool.end(),
  }
}
