import pg from 'pg'
import { scramVerifier } from '../../rotator/src/adapters/postgres/scram.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { createPgPool } from '../src/drivers/pg.ts'
import type { Credential } from '../src/protocol/credential.ts'
import type { HeldConnection, PoolSubject, TestPool, TestPoolOptions } from './pool-harness.ts'

interface Named {
  readonly name: string
}

const USER = 'SELECT session_user AS name'

/** What of a pool the driver itself has, too. */
interface PlainPool {
  query(sql: string): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>
  connect(): Promise<{ release(destroy?: boolean): void }>
  end(): Promise<void>
}

/** The client's pool, and how it tells of a swap. */
interface ClientPool extends PlainPool {
  once(event: 'swap', listener: () => void): unknown
}

/** A pool of `pg` itself. */
export function barePg(
  { username: user, password, port, dbname: database }: Credential,
  { ca, max }: Pick<TestPoolOptions, 'ca' | 'max'>,
): PlainPool {
  const login = { user, password: password.reveal(), host: 'localhost', port, database }
  return new pg.Pool({ ...login, ssl: { ca }, ...(max !== undefined && { max }) })
}

/** The client's pool of `pg`, as an application has it. */
export function clientPg({ ca, ...options }: TestPoolOptions): ClientPool {
  return createPgPool({ ...options, Pool: pg.Pool, ssl: { ca }, host: 'localhost' })
}

/** A pool of `pg`, as the tests of all pools see it. */
export function openPg({ ca, ...options }: TestPoolOptions): TestPool {
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
    close: () => client.release(true),
  }
}

function nameIn({ rows: [row] }: pg.QueryResult<Named>): string {
  return row?.name ?? ''
}

/** PostgreSQL and `pg`. */
export const ON_POSTGRES: PoolSubject = {
  name: 'pg, on PostgreSQL',
  start: () => postgresRig(),
  open: openPg,
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
}
