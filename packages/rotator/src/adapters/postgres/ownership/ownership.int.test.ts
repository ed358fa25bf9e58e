import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { POSTGRES_HERE } from '../../../../../testkit/src/servers/postgres.ts'
import { call, password, useOwnership } from '../../../../test/postgres-ownership.ts'
import { OWNERSHIP_PHASES } from '../../../domain/adoption.ts'

const NOTHING = { owner: '', changes: [], problems: [] }

for (const version of POSTGRES_HERE)
  describe(`ownership in PostgreSQL ${version}`, () => {
    const { server, session, credential, running, as, move, rows } = useOwnership(version)

    test('every kind of thing moves, and afterwards nothing is to be moved', async () => {
      const who = await running('kinds', 'CREATE DATABASE of_kinds OWNER kinds')
      await as(who, ...KINDS)
      await as({ ...who, dbname: 'of_kinds' }, 'CREATE TABLE far (id int)')
      await using admin = await session()
      const before = await move(admin, 'kinds')
      expect(before.problems).toEqual([])
      const lines = before.changes.map(({ line }) => line)
      expect(lines).toContain('role "kinds_owner" is made, NOLOGIN')
      expect(lines).toContain(
        'role "kinds_owner" owns 3 × table in database "app": kinds_data.child, ' +
          'kinds_data.numbered, kinds_data.parent',
      )
      expect(lines).toContain(
        'role "kinds_owner" owns 1 × table in database "of_kinds": public.far',
      )
      expect(await admin.describeOwnership({ username: 'kinds' }, call())).toEqual(NOTHING)
      const owned = await rows(
        `SELECT classid::regclass::text AS class FROM pg_shdepend WHERE deptype = 'o'
         AND refobjid = 'kinds'::regrole AND classid <> 'pg_default_acl'::regclass`,
      )
      expect(owned).toEqual([])
      await admin.provision('kinds', 'kinds_b', call())
      await admin.setPassword('kinds_b', password, call())
      for (const slot of ['kinds_b', 'kinds'])
        await as(credential(slot), 'ALTER TABLE kinds_data.parent ADD COLUMN IF NOT EXISTS n int')
      await as(credential('kinds_b'), 'CREATE TABLE kinds_data.made_by_b (id int)')
      await as(who, 'DROP TABLE kinds_data.made_by_b', 'DROP TABLE kinds_data.numbered')
      await as(credential('kinds_b'), 'DROP SCHEMA kinds_data CASCADE')
    })

    test('each phase does just what was described for it', async () => {
      const who = await running('phases')
      await as(who, 'CREATE TABLE phases_data.t (id int)')
      await using admin = await session()
      const wish = { username: 'phases' }
      for (const phase of OWNERSHIP_PHASES.filter((one) => one !== 'defaults')) {
        const { changes } = await admin.describeOwnership(wish, call())
        expect(changes[0]?.phase).toBe(phase)
        for (let round = 0; round < 2; round += 1) await admin.moveOwnership(wish, phase, call())
        const left = await admin.describeOwnership(wish, call())
        expect(left.changes).toEqual(changes.filter((change) => change.phase !== phase))
        await as(who, 'INSERT INTO phases_data.t VALUES (1)', 'ALTER TABLE phases_data.t ADD x int')
        await as(who, 'ALTER TABLE phases_data.t DROP x')
      }
    })

    test('foreign keys, views and functions go on working while their owner changes', async () => {
      await server().sql('CREATE SCHEMA closed', 'CREATE TABLE closed.ledger (id int)')
      const who = await running(
        'checks',
        'GRANT USAGE, CREATE ON SCHEMA closed TO checks',
        'GRANT SELECT ON closed.ledger TO checks',
        `GRANT USAGE, CREATE ON SCHEMA closed TO ${server().admin.username} WITH GRANT OPTION`,
        `GRANT SELECT ON closed.ledger TO ${server().admin.username} WITH GRANT OPTION`,
      )
      await as(
        who,
        'CREATE TABLE closed.parent (id int PRIMARY KEY)',
        'CREATE TABLE closed.child (id int REFERENCES closed.parent ON DELETE CASCADE)',
        'CREATE VIEW closed.seen AS SELECT * FROM closed.ledger',
        `CREATE FUNCTION closed.count() RETURNS bigint LANGUAGE sql SECURITY DEFINER
         AS 'SELECT count(*) FROM closed.ledger'`,
        'INSERT INTO closed.parent VALUES (1)',
      )
      await using admin = await session()
      for (const phase of OWNERSHIP_PHASES) {
        await admin.moveOwnership({ username: 'checks' }, phase, call())
        await as(
          who,
          'INSERT INTO closed.child VALUES (1)',
          'SELECT * FROM closed.seen',
          'SELECT closed.count()',
        )
      }
      expect(await rows('SELECT count(*)::int FROM closed.child')).toEqual([{ count: 4 }])
    })

    test('who is connected goes on working, and shares what it creates', async () => {
      const who = await running('pooled')
      await as(who, 'CREATE TABLE pooled_data.t (id serial, note text)')
      const early = await server().connect(who)
      const open = await server().connect(who)
      await open.query('BEGIN')
      await using admin = await session()
      await move(admin, 'pooled')
      await open.query(`INSERT INTO pooled_data.t (note) VALUES ('begun before')`)
      await open.query('COMMIT')
      await early.query('CREATE TABLE pooled_data.later (id serial)')
      await early.query('ALTER TABLE pooled_data.t ADD COLUMN extra int')
      await as(
        who,
        'INSERT INTO pooled_data.later DEFAULT VALUES',
        'SELECT extra FROM pooled_data.t',
      )
      const left = await admin.describeOwnership({ username: 'pooled' }, call())
      expect(left.changes.map(({ phase }) => phase)).toEqual(['objects'])
      await move(admin, 'pooled')
      await as(who, 'ALTER TABLE pooled_data.later ADD COLUMN x int')
      await early.query('ALTER TABLE pooled_data.later ADD COLUMN y int')
      await Promise.all([early.end(), open.end()])
    })

    test('what poolers send between two clients keeps the owner role', async () => {
      const who = await running('reset_by_pooler')
      await as(who, 'CREATE TABLE reset_by_pooler_data.t (id int)')
      await using admin = await session()
      await move(admin, 'reset_by_pooler')
      const client = await server().connect(who)
      for (const reset of ['RESET ROLE', 'RESET ALL', 'DISCARD ALL']) {
        await client.query(reset)
        const { rows: found } = await client.query('SELECT current_user AS acts')
        expect([reset, found]).toEqual([reset, [{ acts: 'reset_by_pooler_owner' }]])
      }
      await client.end()
    })

    test('an application is not queued behind a lock that we wait for', async () => {
      const who = await running('queued')
      await as(who, 'CREATE TABLE queued_data.t (id int)')
      const holder = await server().connect(who)
      await holder.query('BEGIN; SELECT * FROM queued_data.t')
      await using admin = await session()
      const wish = { username: 'queued' }
      await admin.moveOwnership(wish, 'owner', call())
      const attempt = admin.moveOwnership(wish, 'objects', call())
      const moved = attempt.then(
        () => 'moved',
        () => 'refused',
      )
      const reader = await server().connect(who)
      await reader.query("SET statement_timeout = '5s'")
      let reads = 0
      while (!(await sawWaiting(reader))) reads += 1
      for (let n = 0; n < 20; n += 1) await reader.query('SELECT count(*) FROM queued_data.t')
      expect(await Promise.race([moved, Promise.resolve('waiting')])).toBe('waiting')
      await holder.query('COMMIT')
      expect(await moved).toBe('moved')
      expect(reads).toBeGreaterThanOrEqual(0)
      await Promise.all([holder.end(), reader.end()])
    })

    test('a lock that is never free is busy, and only that table has not moved', async () => {
      const who = await running('busy')
      await as(who, 'CREATE TABLE busy_data.t (id int)', 'CREATE TABLE busy_data.z (id int)')
      const holder = await server().connect(who)
      await holder.query('BEGIN; SELECT * FROM busy_data.t')
      await using admin = await session()
      const wish = { username: 'busy' }
      await admin.moveOwnership(wish, 'owner', call())
      await expect(admin.moveOwnership(wish, 'objects', call())).rejects.toMatchObject({
        code: 'ERR_DB_BUSY',
        retry: 'safe',
        details: { operation: expect.stringContaining('busy_data.t') },
      })
      const { changes } = await admin.describeOwnership(wish, call())
      const objects = changes.filter(({ phase }) => phase === 'objects')
      expect(objects.map(({ line }) => line)).toEqual([
        'role "busy_owner" owns 1 × table in database "app": busy_data.t',
      ])
      await holder.end()
    }, 40_000)

    test('default privileges are copied, with what they take from PUBLIC', async () => {
      const who = await running('gives', 'CREATE ROLE reader NOLOGIN')
      await as(
        who,
        'CREATE TABLE gives_data.t (id int)',
        'GRANT USAGE ON SCHEMA gives_data TO reader',
        'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader WITH GRANT OPTION',
        'ALTER DEFAULT PRIVILEGES IN SCHEMA gives_data GRANT INSERT ON TABLES TO reader',
        'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC',
      )
      await using admin = await session()
      const { changes } = await move(admin, 'gives')
      const lines = changes.filter(({ phase }) => phase === 'defaults').map(({ line }) => line)
      expect(lines).toEqual([
        'PUBLIC loses EXECUTE on routines that role "gives_owner" will create (database "app")',
        '"reader" gets SELECT on tables that role "gives_owner" will create, with grant option ' +
          '(database "app")',
        '"reader" gets INSERT on tables that role "gives_owner" will create in schema ' +
          '"gives_data" (database "app")',
      ])
      await as(
        who,
        'CREATE TABLE gives_data.later (id int)',
        `CREATE FUNCTION gives_data.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      )
      const may = await rows(
        `SELECT has_table_privilege('reader', 'gives_data.later', 'SELECT WITH GRANT OPTION') AS s,
                has_table_privilege('reader', 'gives_data.later', 'INSERT') AS i,
                has_function_privilege('reader', 'gives_data.f()', 'EXECUTE') AS f`,
      )
      expect(may).toEqual([{ s: true, i: true, f: false }])
    })

    test('a schema with the name of the user is found by who works as the owner role', async () => {
      const who = await running('named', 'CREATE SCHEMA named AUTHORIZATION named')
      await as(who, 'CREATE TABLE named.found (id int)', 'INSERT INTO found VALUES (1)')
      await using admin = await session()
      await move(admin, 'named')
      await as(who, 'INSERT INTO found VALUES (2)')
      await admin.provision('named', 'named_b', call())
      await admin.setPassword('named_b', password, call())
      await as(credential('named_b'), 'INSERT INTO found VALUES (3)')
      expect(await admin.describeOwnership({ username: 'named' }, call())).toEqual(NOTHING)
    })
  })

/** True once somebody waits for a lock on a table, which only the admin can be. */
async function sawWaiting(client: pg.Client): Promise<boolean> {
  const { rows: found } = await client.query(
    `SELECT FROM pg_locks WHERE NOT granted AND relation = 'queued_data.t'::regclass`,
  )
  return found.length > 0
}

/** One of every kind that an ordinary user can own. */
const KINDS: readonly string[] = [
  'SET search_path TO kinds_data',
  'CREATE TABLE parent (id serial PRIMARY KEY, note text)',
  'CREATE TABLE child (id int REFERENCES parent)',
  'CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY) PARTITION BY RANGE (id)',
  'CREATE VIEW seen AS SELECT * FROM parent',
  'CREATE MATERIALIZED VIEW kept AS SELECT * FROM parent',
  'CREATE SEQUENCE alone',
  "CREATE TYPE mood AS ENUM ('good')",
  'CREATE TYPE pair AS (a int, b int)',
  'CREATE DOMAIN positive AS int CHECK (value > 0)',
  `CREATE FUNCTION f(a mood, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  `CREATE PROCEDURE p(INOUT x int) LANGUAGE sql AS 'SELECT 1'`,
  'CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)',
  'CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)',
  'CREATE COLLATION plain FROM "C"',
  'CREATE TEXT SEARCH CONFIGURATION words (COPY = pg_catalog.simple)',
  'CREATE STATISTICS counted ON id, note FROM parent',
  'SELECT lo_create(4712)',
  'CREATE SCHEMA second_of_kinds',
]
