import { createPool } from 'mysql2/promise'
import type { PoolConnection, RowDataPacket } from 'mysql2/promise'
import { createMysqlPool } from '../src/drivers/mysql2.ts'
import type { HeldConnection, TestPool, TestPoolOptions } from './pool-harness.ts'

interface UserRow extends RowDataPacket {
  readonly user: string
}

const USER = "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS user"

/** A pool of `mysql2/promise`, as the tests of all pools see it. */
export function openMysql({ ca, max, ...options }: TestPoolOptions): TestPool {
  const pool = createMysqlPool({
    ...options,
    ...{ createPool, ssl: { ca }, host: 'localhost' },
    ...(max !== undefined && { connectionLimit: max }),
  })
  return {
    user: async () => nameIn(await pool.query<UserRow[]>(USER)),
    hold: async () => heldBy(await pool.getConnection()),
    onSwap: (listener) => void pool.on('swap', listener),
    onTrouble: (listener) => void pool.on('trouble', listener),
    end: () => pool.end(),
  }
}

function heldBy(connection: PoolConnection): HeldConnection {
  return {
    user: async () => nameIn(await connection.query<UserRow[]>(USER)),
    begin: () => connection.beginTransaction(),
    commit: () => connection.commit(),
    release: () => connection.release(),
    close: () => connection.destroy(),
  }
}

function nameIn([[row]]: readonly [readonly UserRow[], unknown]): string {
  return row?.user ?? ''
}
