// Goal: what takes a pool of the driver takes ours, and does not notice that the credential changes
// under it. Method: each library as its own documentation has it, on real servers; a transaction
// that runs while the credential changes ends well, and the next query runs as the other user.
import { drizzle } from 'drizzle-orm/mysql2'
import { sql } from 'drizzle-orm/sql'
import type { SQL } from 'drizzle-orm/sql'
import knex from 'knex'
import type { Knex } from 'knex'
import { MysqlDialect } from 'kysely'
import mysql from 'mysql2'
import { createPool } from 'mysql2/promise'
import { DataSource } from 'typeorm'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { createMysqlPool } from '../src/drivers/mysql2.ts'
import { kyselyOf, librariesTests, libraryOf, nameIn } from './libraries-tests.ts'
import type { Given, Makers } from './libraries-tests.ts'

const USER = "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS name"

/** The pool of callbacks; that of promises has one within. */
function callbackPool({
  credentials,
  ssl,
}: Given): ReturnType<typeof createMysqlPool<mysql.Pool, mysql.PoolOptions>> {
  const options = { credentials, ssl, connectionLimit: 2, probeMs: 0 }
  return createMysqlPool({ ...options, createPool: mysql.createPool })
}

const ON_MYSQL: Makers = {
  Drizzle: async ({ credentials, ssl }) => {
    const pool = createMysqlPool({ credentials, createPool, ssl, connectionLimit: 2, probeMs: 0 })
    const db = drizzle({ client: pool })
    return libraryOf<{ execute: (query: SQL) => Promise<readonly unknown[]> }>({
      db,
      user: async (on) => nameIn({ rows: (await on.execute(sql.raw(USER)))[0] }),
      begin: (work) => db.transaction(work),
      end: () => pool.end(),
    })
  },
  Kysely: async (given) => kyselyOf(new MysqlDialect({ pool: callbackPool(given) }), USER),
  Knex: async (given) => {
    const pool = callbackPool(given)
    // Its own type of a pool of mysql2 knows of no error that is null.
    const connectionPool = pool as Knex.MySQLPoolLike
    const db = knex({ client: 'mysql2', connectionPool })
    return libraryOf<Pick<typeof db, 'raw'>>({
      db,
      user: async (on) => nameIn({ rows: (await on.raw<readonly unknown[]>(USER))[0] }),
      begin: (work) => db.transaction(work),
      end: () => pool.promise().end(),
    })
  },
  TypeORM: async (given) => {
    // What it makes a pool with is given a pool.
    const driver = { ...mysql, createPool: () => callbackPool(given) }
    const db = await new DataSource({ type: 'mysql', driver }).initialize()
    return libraryOf<{ query: (query: string) => Promise<unknown> }>({
      db,
      user: async (on) => nameIn({ rows: await on.query(USER) }),
      begin: (work) => db.transaction(work),
      end: () => db.destroy(),
    })
  },
}

librariesTests({ name: 'MariaDB', start: () => mariadbRig(), makers: ON_MYSQL })
librariesTests({ name: 'MySQL', start: () => mysqlRig(), makers: ON_MYSQL })
