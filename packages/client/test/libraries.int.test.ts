// Goal: what takes a pool of the driver takes ours, and does not notice that the credential changes
// under it. Method: each library as its own documentation has it, on real servers; a transaction
// that runs while the credential changes ends well, and the next query runs as the other user.
import { readFile } from 'node:fs/promises'
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { sql as drizzleSql } from 'drizzle-orm/sql'
import knex from 'knex'
import { Kysely, MysqlDialect, PostgresDialect, sql as kyselySql } from 'kysely'
import mysql from 'mysql2'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { DataSource } from 'typeorm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import { createMysqlPool } from '../src/drivers/mysql2.ts'
import { createPgPool } from '../src/drivers/pg.ts'
import { HandVault } from './hand-vault.ts'
import { soon } from './pool-harness.ts'

/** A library at work, whatever it calls things. */
interface Library {
  /** As whom a query runs. */
  user(): Promise<unknown>
  /** As whom each query of a transaction runs; `during` happens between the first and the last. */
  transaction(during: () => Promise<void>): Promise<readonly unknown[]>
  end(): Promise<unknown>
}

interface Given {
  readonly credentials: Credentials
  readonly ssl: { readonly ca: string }
}

const PG_USER = 'SELECT session_user AS name'
const MYSQL_USER = "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS name"
type Row = { readonly name: string }

function pgPool({ credentials, ssl }: Given): ReturnType<typeof createPgPool<pg.Pool, object>> {
  return createPgPool({ credentials, Pool: pg.Pool, ssl, max: 2, probeMs: 0 })
}

type Makers = Readonly<Record<string, (given: Given) => Promise<Library>>>

const ON_POSTGRES: Makers = {
  Drizzle: async (given) => {
    const pool = pgPool(given)
    const db = drizzlePg({ client: pool })
    const query = drizzleSql.raw(PG_USER)
    const nameIn = ({ rows: [row] }: pg.QueryResult<Record<string, unknown>>): unknown =>
      row?.['name']
    return {
      user: async () => nameIn(await db.execute(query)),
      transaction: async (during) =>
        await db.transaction(async (tx) => {
          const first = nameIn(await tx.execute(query))
          await during()
          return [first, nameIn(await tx.execute(query))]
        }),
      end: () => pool.end(),
    }
  },
  Kysely: async (given) => kyselyOf(new PostgresDialect({ pool: pgPool(given) }), PG_USER),
  Knex: async (given) => {
    const pool = pgPool(given)
    const db = knex({ client: 'pg', connectionPool: pool })
    const nameIn = ({ rows: [row] }: { readonly rows: readonly Row[] }): unknown => row?.name
    return {
      user: async () => nameIn(await db.raw(PG_USER)),
      transaction: async (during) =>
        await db.transaction(async (tx) => {
          const first = nameIn(await tx.raw(PG_USER))
          await during()
          return [first, nameIn(await tx.raw(PG_USER))]
        }),
      end: () => pool.end(),
    }
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
    const nameIn = ([row]: readonly Row[]): unknown => row?.name
    return {
      user: async () => nameIn(await db.query(PG_USER)),
      transaction: async (during) =>
        await db.transaction(async (tx) => {
          const first = nameIn(await tx.query(PG_USER))
          await during()
          return [first, nameIn(await tx.query(PG_USER))]
        }),
      end: () => db.destroy(),
    }
  },
}

const ON_MARIADB: Makers = {
  Drizzle: async ({ credentials, ssl }) => {
    const pool = createMysqlPool({ credentials, createPool, ssl, connectionLimit: 2, probeMs: 0 })
    const db = drizzleMysql({ client: pool })
    const query = drizzleSql.raw(MYSQL_USER)
    const nameIn = ([rows]: readonly unknown[]): unknown =>
      Array.isArray(rows) ? (rows as Row[])[0]?.name : undefined
    return {
      user: async () => nameIn(await db.execute(query)),
      transaction: async (during) =>
        await db.transaction(async (tx) => {
          const first = nameIn(await tx.execute(query))
          await during()
          return [first, nameIn(await tx.execute(query))]
        }),
      end: () => pool.end(),
    }
  },
  Kysely: async ({ credentials, ssl }) => {
    const options = { credentials, ssl, connectionLimit: 2, probeMs: 0 }
    const pool = createMysqlPool({ ...options, createPool: mysql.createPool })
    return kyselyOf(new MysqlDialect({ pool }), MYSQL_USER)
  },
}

function kyselyOf(dialect: PostgresDialect | MysqlDialect, text: string): Library {
  const db = new Kysely<object>({ dialect })
  const query = kyselySql.raw<Row>(text)
  return {
    user: async () => (await query.execute(db)).rows[0]?.name,
    transaction: async (during) =>
      await db.transaction().execute(async (tx) => {
        const first = (await query.execute(tx)).rows[0]?.name
        await during()
        return [first, (await query.execute(tx)).rows[0]?.name]
      }),
    end: () => db.destroy(),
  }
}

interface Subject {
  readonly name: string
  readonly start: () => Promise<RigEngine>
  readonly makers: Makers
}

const SUBJECTS: readonly Subject[] = [
  { name: 'PostgreSQL', start: () => postgresRig(), makers: ON_POSTGRES },
  { name: 'MariaDB', start: () => mariadbRig(), makers: ON_MARIADB },
]

describe.each(SUBJECTS)('on $name', ({ start, makers }) => {
  let engine: RigEngine
  let vault: HandVault
  let credentials: Credentials

  beforeAll(async () => {
    engine = await start()
  }, 60_000)

  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  beforeEach(() => {
    vault = new HandVault()
    vault.put('AWSCURRENT', 'v1', engine.slots.A)
    credentials = createCredentials(vault.source, { pollMs: 0, cooldownMs: 0 })
  })

  afterEach(() => {
    credentials.close()
  })

  test.each(Object.entries(makers))('%s does not notice a swap', async (_, make) => {
    const { A, B } = engine.slots
    const library = await make({ credentials, ssl: { ca: await readFile(engine.caFile, 'utf8') } })
    expect(await library.user()).toBe(A.username)
    const within = await library.transaction(async () => {
      vault.put('AWSCURRENT', 'v2', B)
      await credentials.refresh()
      await soon(async () => expect(await library.user()).toBe(B.username))
    })
    expect(within).toEqual([A.username, A.username])
    expect(await library.user()).toBe(B.username)
    await library.end()
  })
})
