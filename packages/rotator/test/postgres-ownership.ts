import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { afterAll, beforeAll } from 'vitest'
import { startPostgres } from '../../testkit/src/servers/postgres.ts'
import type { PostgresVersion, TestPostgres } from '../../testkit/src/servers/postgres.ts'
import { postgresDatabase } from '../src/adapters/postgres/database.ts'
import { OWNERSHIP_PHASES } from '../src/domain/adoption.ts'
import type { AdminSession } from '../src/ports/database.ts'
import type { Ownership } from '../src/ports/ownership.ts'

/** A call with a deadline that only a broken adapter reaches. */
export const call = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(30_000) })

/** The password of every user of these tests. */
export const password: Sensitive = new Sensitive('a password of 2 parts', 'password of the test')

/** A server whose users own things, and what the tests do to it. */
export interface OwnershipSuite {
  server(): TestPostgres
  /** An admin session; the admin is no superuser unless one is given. */
  session(as?: Credential, dbname?: string): Promise<AdminSession>
  credential(username: string): Credential
  /** Makes who runs today: it owns the schema `<username>_data` and may create others. */
  running(username: string, ...more: readonly string[]): Promise<Credential>
  /** Runs statements in one session of this user. */
  as(who: Credential, ...statements: readonly string[]): Promise<void>
  /** Moves all phases that are due; returns what was described before. */
  move(admin: AdminSession, username: string, owner?: string): Promise<Ownership>
  /** What a query of the superuser finds. */
  rows(sql: string): Promise<readonly object[]>
}

/** Registers what begins and ends the server of a file of tests. */
export function useOwnership(version: PostgresVersion): OwnershipSuite {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres({ version })
    await server.sql(mayCreate())
  })
  afterAll(() => server.stop())
  const mayCreate = (): string =>
    `GRANT CREATE ON DATABASE app TO ${server.admin.username} WITH GRANT OPTION`
  const session = (as = server.admin, dbname = 'app'): Promise<AdminSession> => {
    const { host, port } = server
    const tls = { mode: 'off' } as const
    const db = postgresDatabase({ endpoints: [{ host, port }], dbname, tls })
    return db.admin(as, { target: 'ownership', lock: 'look', holder: 'test' }, call())
  }
  const credential = (username: string): Credential => {
    return { ...server.admin, username, password }
  }
  /** Who runs today: owns a schema of its own and everything in it. */
  const running = async (username: string, ...more: readonly string[]): Promise<Credential> => {
    await server.sql(
      `CREATE ROLE ${username} LOGIN PASSWORD '${password.reveal()}'
       ADMIN ${server.admin.username}`,
      `CREATE SCHEMA ${username}_data AUTHORIZATION ${username}`,
      `GRANT CREATE ON DATABASE app TO ${username}`,
      ...more,
    )
    return credential(username)
  }
  const as = async (who: Credential, ...statements: readonly string[]): Promise<void> => {
    const client = await server.connect(who)
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  const move = async (
    admin: AdminSession,
    username: string,
    owner?: string,
  ): Promise<Ownership> => {
    const wish = { username, ...(owner !== undefined && { owner }) }
    const before = await admin.describeOwnership(wish, call())
    for (const phase of OWNERSHIP_PHASES)
      if (before.changes.some((change) => change.phase === phase))
        await admin.moveOwnership(wish, phase, call())
    return before
  }
  const rows = async (sql: string): Promise<readonly object[]> => {
    const client = await server.connect(server.superuser)
    const { rows: found } = await client.query<object>(sql)
    await client.end()
    return found
  }
  return { server: () => server, session, credential, running, as, move, rows }
}
