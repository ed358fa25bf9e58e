import pg from 'pg'
import type { RunningPostgres } from './embedded-postgres.ts'
import { DBNAME, USERS } from './workspace.ts'
import type { FirstPasswords } from './workspace.ts'

/**
 * Sets the database up as docs/databases.md asks: a NOLOGIN role owns everything, both slots are
 * its members and work as it, and the admin may change the slots but is no superuser.
 */
export async function setUpDatabase(
  server: RunningPostgres,
  passwords: FirstPasswords,
): Promise<void> {
  await asSuperuser(server, 'postgres', [`CREATE DATABASE ${DBNAME}`])
  const adminPassword = pg.escapeLiteral(passwords.admin.reveal())
  await asSuperuser(server, DBNAME, [
    `CREATE ROLE ${USERS.owner} NOLOGIN`,
    `CREATE ROLE ${USERS.admin} LOGIN CREATEROLE PASSWORD ${adminPassword}`,
    `GRANT pg_read_all_stats TO ${USERS.admin}`,
    ...slot(USERS.A, passwords.A.reveal()),
    ...slot(USERS.B, passwords.B.reveal()),
    `GRANT CREATE ON SCHEMA public TO ${USERS.owner}`,
    `SET ROLE ${USERS.owner}`,
    `CREATE TABLE visit (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       kind text NOT NULL,
       steps int NOT NULL DEFAULT 1
     )`,
  ])
}

function slot(name: string, password: string): readonly string[] {
  return [
    `CREATE ROLE ${name} LOGIN PASSWORD ${pg.escapeLiteral(password)}
       IN ROLE ${USERS.owner} ADMIN ${USERS.admin}`,
    `ALTER ROLE ${name} SET role = ${USERS.owner}`,
  ]
}

/** How many rows the application has written: each request that was served writes one. */
export async function countVisits(server: RunningPostgres): Promise<number> {
  const [row] = await asSuperuser(server, DBNAME, ['SELECT count(*)::int AS visits FROM visit'])
  return typeof row?.['visits'] === 'number' ? row['visits'] : 0
}

/** The users who could still log in with the password that they had before the first rotation. */
export async function stillOpen(
  server: RunningPostgres,
  passwords: FirstPasswords,
): Promise<readonly string[]> {
  const { host, port } = server
  const open: string[] = []
  for (const letter of ['A', 'B'] as const) {
    const user = USERS[letter]
    const password = passwords[letter].reveal()
    const client = new pg.Client({ host, port, user, database: DBNAME, password })
    client.on('error', () => undefined)
    try {
      await client.connect()
      open.push(user)
      await client.end()
    } catch (error) {
      // 28P01, invalid_password, is what a dead password gets. Source: PostgreSQL, Appendix A.
      if (!(error instanceof pg.DatabaseError) || error.code !== '28P01') throw error
    }
  }
  return open
}

/** Runs statements one by one and returns the rows of the last. */
async function asSuperuser(
  server: RunningPostgres,
  database: string,
  statements: readonly string[],
): Promise<readonly Record<string, unknown>[]> {
  const { host, port, superuser: user, password } = server
  const client = new pg.Client({ host, port, user, database, password: password.reveal() })
  // The server may be stopped under a connection that is just closing.
  client.on('error', () => undefined)
  await client.connect()
  let rows: readonly Record<string, unknown>[] = []
  try {
    for (const sql of statements) rows = (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
  return rows
}
