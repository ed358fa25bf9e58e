// Goal: what takes a pool of the driver takes ours, and does not notice that the credential changes
// under it. Method: each library as its own documentation has it, on real servers; a transaction
// that runs while the credential changes ends well, and the next query runs as the other user.
import { PrismaPg } from '@prisma/adapter-pg'
import { drizzle } from 'drizzle-orm/node-postgres'
import { sql } from 'drizzle-orm/sql'
import type { SQL } from 'drizzle-orm/sql'
import knex from 'knex'
import { PostgresDialect } from 'kysely'
import pg from 'pg'
import { DataSource } from 'typeorm'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { createPgPool } from '../src/drivers/pg.ts'
import { kyselyOf, librariesTests, libraryOf, nameIn } from './libraries-tests.ts'
import type { Given, Makers } from './libraries-tests.ts'

const USER = 'SELECT session_user AS name'

type Runs<A> = (query: A) => Promise<unknown>

function pgPool({ credentials, ssl }: Given): ReturnType<typeof createPgPool<pg.Pool, object>> {
  return createPgPool({ credentials, Pool: pg.Pool, ssl, max: 2, probeMs: 0 })
}

const ON_POSTGRES: Makers = {
  Drizzle: async (given) => {
    const pool = pgPool(given)
    const db = drizzle({ client: pool })
    return libraryOf<{ execute: Runs<SQL> }>({
      db,
      user: async (on) => nameIn(await on.execute(sql.raw(USER))),
      begin: (work) => db.transaction(work),
      end: () => pool.end(),
    })
  },
  Kysely: async (given) => kyselyOf(new PostgresDialect({ pool: pgPool(given) }), USER),
  Knex: async (given) => {
    const pool = pgPool(given)
    const db = knex({ client: 'pg', connectionPool: pool })
    return libraryOf<Pick<typeof db, 'raw'>>({
      db,
      user: async (on) => nameIn(await on.raw<unknown>(USER)),
      begin: (work) => db.transaction(work),
      end: () => pool.end(),
    })
  },
  TypeORM: async (given) => {
    const pool = pgPool(given)
    // What it makes a pool with is given a pool.
    const driver = {
      ...pg,
      Pool: function returnsOurs() {
        return pool
      },
    }
    const db = await new DataSource({ type: 'postgres', driver }).initialize()
    return libraryOf<{ query: Runs<string> }>({
      db,
      user: async (on) => nameIn({ rows: await on.query(USER) }),
      begin: (work) => db.transaction(work),
      end: () => db.destroy(),
    })
  },
  'Prisma (driver adapter)': async (given) => {
    const pool = pgPool(given)
    const adapter = await new PrismaPg(pool).connect()
    const read = { sql: USER, args: [], argTypes: [] }
    return libraryOf<Pick<typeof adapter, 'queryRaw'>>({
      db: adapter,
      user: async (on) => (await on.queryRaw(read)).rows[0]?.[0],
      begin: async (work) => {
        const transaction = await adapter.startTransaction()
        const seen = await work(transaction)
        await transaction.executeRaw({ ...read, sql: 'COMMIT' })
        await transaction.commit()
        return seen
      },
      end: () => pool.end(),
    })
  },
}

librariesTests({ name: 'PostgreSQL', start: () => postgresRig(), makers: ON_POSTGRES })
