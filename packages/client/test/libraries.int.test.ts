// Goal: what takes a pool of the driver takes ours, and does not notice that the credential changes
// under it. Method: each library as its own documentation has it, on real servers; a transaction
// that runs while the credential changes ends well, and the next query runs as the other user.
import { readFile } from 'node:fs/promises'
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { sql as drizzleSql } from 'drizzle-orm/sql'
import type { SQL } from 'drizzle-orm/sql'
import { PrismaPg } from '@prisma/adapter-pg'
import knex from 'knex'
import { Kysely, MysqlDialect, PostgresDialect, sql as kyselySql } from 'kysely'
import mysql from 'mysql2'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { QueryTypes, Sequelize } from 'sequelize'
import type { Options as SequelizeOptions, Transaction } from 'sequelize'
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

/** What is the same in all of them. `T` runs queries: the library itself, and its transactions. */
interface Parts<T> {
  readonly db: T
  /** As whom a query runs. */
  readonly user: (on: T) => Promise<unknown>
  readonly begin: (
    work: (transaction: T) => Promise<readonly unknown[]>,
  ) => Promise<readonly unknown[]>
  readonly end: () => Promise<unknown>
}

function libraryOf<T>({ db, user, begin, end }: Parts<T>): Library {
  return {
    user: () => user(db),
    transaction: (during) =>
      begin(async (transaction) => {
        const first = await user(transaction)
        await during()
        return [first, await user(transaction)]
      }),
    end,
  }
}

type Runs<A> = (query: A) => Promise<unknown>

const ON_POSTGRES: Makers = {
  Drizzle: async (given) => {
    const pool = pgPool(given)
    const db = drizzlePg({ client: pool })
    return libraryOf<{ execute: Runs<SQL> }>({
      db,
      user: async (on) => nameIn(await on.execute(drizzleSql.raw(PG_USER))),
      begin: (work) => db.transaction(work),
      end: () => pool.end(),
    })
  },
  Kysely: async (given) => kyselyOf(new PostgresDialect({ pool: pgPool(given) }), PG_USER),
  Knex: async (given) => {
    const pool = pgPool(given)
    const db = knex({ client: 'pg', connectionPool: pool })
    return libraryOf<Pick<typeof db, 'raw'>>({
      db,
      user: async (on) => nameIn(await on.raw<unknown>(PG_USER)),
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
      user: async (on) => nameIn({ rows: await on.query(PG_USER) }),
      begin: (work) => db.transaction(work),
      end: () => db.destroy(),
    })
  },
  Sequelize: (given) => sequelizeOf(given, { dialect: 'postgres', text: PG_USER }),
  'Prisma (driver adapter)': async (given) => {
    const pool = pgPool(given)
    const adapter = await new PrismaPg(pool).connect()
    const read = { sql: PG_USER, args: [], argTypes: [] }
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

/** Has a pool of its own: a connection asks for the credential, and lives as long as that does. */
async function sequelizeOf(
  { credentials, ssl }: Given,
  { text, ...options }: SequelizeOptions & { readonly text: string },
): Promise<Library> {
  const versions = new WeakMap<object, string | undefined>()
  const isCurrent = (connection: object): boolean =>
    versions.get(connection) === credentials.current?.versionId && isAlive(db, connection)
  const db = new Sequelize({
    ...{ ...options, logging: false, dialectOptions: { ssl } },
    pool: { max: 2, validate: isCurrent },
  })
  db.addHook('beforeConnect', async (config) => {
    const { credential, versionId } = await credentials.get()
    versions.set(config, versionId)
    const { username, password, port, dbname } = credential
    const login = { username, password: password.reveal() }
    Object.assign(config, { ...login, host: 'localhost', port, database: dbname })
  })
  db.addHook('afterConnect', (connection, config) => {
    if (isObject(connection)) versions.set(connection, versions.get(config))
  })
  return libraryOf<{ readonly transaction?: Transaction }>({
    db: {},
    user: async (on) => nameIn({ rows: await db.query(text, { ...on, type: QueryTypes.SELECT }) }),
    begin: (work) => db.transaction((transaction) => work({ transaction })),
    end: () => db.close(),
  })
}

/** What Sequelize itself asks where it is given no `validate`. */
function isAlive({ connectionManager }: Sequelize, connection: object): boolean {
  const validate: unknown = Reflect.get(connectionManager, 'validate')
  return typeof validate === 'function' && validate.call(connectionManager, connection) === true
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

const ON_MARIADB: Makers = {
  Drizzle: async ({ credentials, ssl }) => {
    const pool = createMysqlPool({ credentials, createPool, ssl, connectionLimit: 2, probeMs: 0 })
    const db = drizzleMysql({ client: pool })
    return libraryOf<{ execute: (query: SQL) => Promise<readonly unknown[]> }>({
      db,
      user: async (on) => nameIn({ rows: (await on.execute(drizzleSql.raw(MYSQL_USER)))[0] }),
      begin: (work) => db.transaction(work),
      end: () => pool.end(),
    })
  },
  Kysely: async ({ credentials, ssl }) => {
    const options = { credentials, ssl, connectionLimit: 2, probeMs: 0 }
    const pool = createMysqlPool({ ...options, createPool: mysql.createPool })
    return kyselyOf(new MysqlDialect({ pool }), MYSQL_USER)
  },
  Sequelize: (given) => sequelizeOf(given, { dialect: 'mysql', text: MYSQL_USER }),
}

function kyselyOf(dialect: PostgresDialect | MysqlDialect, text: string): Library {
  const db = new Kysely<object>({ dialect })
  const query = kyselySql.raw<Row>(text)
  return libraryOf<Kysely<object>>({
    db,
    user: async (on) => nameIn(await query.execute(on)),
    begin: (work) => db.transaction().execute(work),
    end: () => db.destroy(),
  })
}

function nameIn(result: unknown): unknown {
  const { rows } = result as { readonly rows: readonly Row[] }
  return rows[0]?.name
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
