import { describe, expect, test } from 'vitest'
import { POSTGRES_HERE } from '../../../../../testkit/src/servers/postgres.ts'
import { call, password, useOwnership } from '../../../../test/postgres-ownership.ts'
import { OWNERSHIP_PHASES } from '../../../domain/adoption.ts'

const NOTHING = { owner: '', changes: [], problems: [] }

for (const version of POSTGRES_HERE)
  describe(`what stands against moving ownership in PostgreSQL ${version}`, () => {
    const { server, session, credential, running, as, move, rows } = useOwnership(version)

    test('a user that owns and creates nothing needs no owner role', async () => {
      await server().sql(
        `CREATE ROLE modest LOGIN PASSWORD '${password.reveal()}' ADMIN ${server().admin.username}`,
        'CREATE TABLE of_others (id int)',
        'GRANT SELECT ON of_others TO modest',
        'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
      )
      await using admin = await session()
      const client = await server().connect(credential('modest'))
      await client.query('CREATE TEMPORARY TABLE mine (id int)')
      expect(await admin.describeOwnership({ username: 'modest' }, call())).toEqual(NOTHING)
      await expect(admin.describeOwnership({ username: 'nobody' }, call())).rejects.toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
      })
      await client.end()
    })

    test('what cannot be moved is named, and nothing is changed', async () => {
      const who = await running('stuck', 'CREATE ROLE stuck_owner LOGIN')
      await server().sql()
      await as(who, 'CREATE TABLE stuck_data.t (id int)')
      await server().sql(
        'ALTER SCHEMA stuck_data OWNER TO postgres',
        'REVOKE ALL ON SCHEMA stuck_data FROM stuck',
        'CREATE FOREIGN DATA WRAPPER stuck_w',
        'CREATE SERVER stuck_s FOREIGN DATA WRAPPER stuck_w',
        'CREATE USER MAPPING FOR stuck SERVER stuck_s',
        'ALTER ROLE stuck IN DATABASE app SET role = pg_monitor',
      )
      await using admin = await session()
      const { problems } = await admin.describeOwnership({ username: 'stuck' }, call())
      expect(problems).toEqual(
        expect.arrayContaining([
          'role "stuck_owner" may log in: an owner role is NOLOGIN (name another)',
          'role "stuck" already works as role "pg_monitor" in database "app"',
          'role "stuck" has a user mapping on server "stuck_s", which no other can',
          'role "stuck_owner" could own nothing in schema "stuck_data" (database "app"): ' +
            'GRANT CREATE ON SCHEMA "stuck_data" TO "stuck"',
        ]),
      )
      for (const phase of OWNERSHIP_PHASES)
        await expect(
          admin.moveOwnership({ username: 'stuck' }, phase, call()),
        ).rejects.toMatchObject({ code: 'ERR_DB_UNSUPPORTED' })
      const members = await rows(
        `SELECT 1 FROM pg_auth_members WHERE roleid = 'stuck_owner'::regrole
         AND member = 'stuck'::regrole`,
      )
      expect(members).toEqual([])
    })

    test('an admin who may not move a schema is told the grant', async () => {
      await running('narrowed', 'CREATE DATABASE narrow')
      const root = { ...server().superuser, dbname: 'narrow' }
      await as(root, 'CREATE SCHEMA given AUTHORIZATION narrowed')
      await using admin = await session(server().admin, 'narrow')
      const { problems } = await admin.describeOwnership({ username: 'narrowed' }, call())
      expect(problems).toEqual([
        'role "cuedot_admin" may not move schemas: ' +
          'GRANT CREATE ON DATABASE "narrow" TO "cuedot_admin"',
      ])
    })

    test('a right that the admin may not give is named, and no owner role is made', async () => {
      await server().sql('CREATE TABLE far_away (id int)')
      const who = await running('reads_far', 'GRANT SELECT ON far_away TO reads_far')
      await server().sql(`GRANT INSERT ON far_away TO ${server().admin.username}`)
      await as(who, 'CREATE TABLE reads_far_data.t (id int)')
      await using admin = await session()
      const wish = { username: 'reads_far' }
      await expect(admin.moveOwnership(wish, 'owner', call())).rejects.toMatchObject({
        code: 'ERR_DB_DENIED',
        details: { operation: 'give SELECT on table "public"."far_away"' },
      })
      expect(await rows(`SELECT FROM pg_roles WHERE rolname = 'reads_far_owner'`)).toEqual([])
    })

    test.runIf(Number(version) >= 16)('an admin who is a stranger is told the grant', async () => {
      const who = await running('stranger', `REVOKE stranger FROM ${server().admin.username}`)
      await as(who, 'CREATE TABLE stranger_data.t (id int)')
      await using admin = await session()
      const { problems } = await admin.describeOwnership({ username: 'stranger' }, call())
      expect(problems).toContain(
        'role "cuedot_admin" is no member of role "stranger": ' +
          'GRANT "stranger" TO "cuedot_admin" WITH ADMIN OPTION',
      )
    })

    test.runIf(Number(version) >= 16)('an admin who may grant the user joins it', async () => {
      const self = server().admin.username
      const who = await running(
        'joined',
        `GRANT joined TO ${self} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
      )
      await as(who, 'CREATE TABLE joined_data.t (id int)')
      await using admin = await session()
      const { changes, problems } = await move(admin, 'joined')
      expect(problems).toEqual([])
      expect(changes.map(({ line }) => line)).toContain(
        `role "${self}" becomes a member of role "joined"`,
      )
      expect(await admin.describeOwnership({ username: 'joined' }, call())).toEqual(NOTHING)
    })

    test.runIf(Number(version) < 16)('a user that does not inherit is told how to', async () => {
      const who = await running('alone', 'ALTER ROLE alone NOINHERIT')
      await as(who, 'CREATE TABLE alone_data.t (id int)')
      await using admin = await session()
      const { problems } = await admin.describeOwnership({ username: 'alone' }, call())
      expect(problems).toEqual([
        'role "alone" would lose what it owns, because it is NOINHERIT: ALTER ROLE "alone" INHERIT',
      ])
    })
  })
