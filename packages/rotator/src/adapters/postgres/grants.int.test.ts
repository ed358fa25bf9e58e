import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { POSTGRES_HERE, startPostgres } from '../../../../testkit/src/servers/postgres.ts'
import type { TestPostgres } from '../../../../testkit/src/servers/postgres.ts'
import { PUBLIC_TOO, everything, linesOf } from '../../../test/postgres-rights.ts'
import type { AdminSession, Database } from '../../ports/database.ts'
import { postgresDatabase } from './database.ts'

const call = () => ({ signal: AbortSignal.timeout(20_000) })

for (const version of POSTGRES_HERE)
  describe(`rights in PostgreSQL ${version}`, () => {
    let server: TestPostgres
    let db: Database
    beforeAll(async () => {
      server = await startPostgres({ version })
      const { host, port } = server
      db = postgresDatabase({ endpoints: [{ host, port }], dbname: 'app', tls: { mode: 'off' } })
    })
    afterAll(() => server.stop())
    const session = (as: 'superuser' | 'admin'): Promise<AdminSession> =>
      db.admin(server[as], { target: 'rights', lock: 'look', holder: 'test' }, call())

    test('every kind of right is named and given', async () => {
      await server.sql(...everything(version), `CREATE ROLE bare LOGIN`)
      await using root = await session('superuser')
      const before = await root.compareUsers('ref', 'bare', call())
      expect(before.lacks.filter((line) => !/option (INHERIT|SET)/.test(line)).toSorted()).toEqual(
        linesOf(version).toSorted(),
      )
      await root.provision('ref', 'bare', call())
      expect(await root.compareUsers('ref', 'bare', call())).toEqual({ state: 'equal', lacks: [] })
      await root.provision('bare', 'third', call())
      expect(await root.compareUsers('ref', 'third', call())).toEqual({ state: 'equal', lacks: [] })
    })

    test('what PUBLIC may do is no lack until it may not', async () => {
      await using root = await session('superuser')
      await root.provision('ref', 'public-1', call())
      expect(await root.compareUsers('ref', 'public-1', call())).toMatchObject({ state: 'equal' })
      await server.sql(...PUBLIC_TOO.map(([what]) => `REVOKE ${what} FROM PUBLIC`))
      const after = await root.compareUsers('ref', 'public-1', call())
      for (const [, line] of PUBLIC_TOO) expect(after.lacks).toContain(line)
      await root.provision('ref', 'public-1', call())
      expect(await root.compareUsers('ref', 'public-1', call())).toMatchObject({ state: 'equal' })
    })

    test('tighter limits than those of the reference are a lack', async () => {
      await server.sql(
        'CREATE ROLE free LOGIN',
        `CREATE ROLE tight LOGIN NOINHERIT CONNECTION LIMIT 1 VALID UNTIL '2027-01-01'`,
      )
      await using root = await session('superuser')
      const compared = await root.compareUsers('free', 'tight', call())
      expect(compared).toEqual({
        state: 'differs',
        lacks: ['attribute INHERIT', 'no connection limit', 'valid until infinity'],
      })
      expect(await root.compareUsers('tight', 'free', call())).toMatchObject({ state: 'equal' })
      await root.provision('free', 'tight', call())
      expect(await root.compareUsers('free', 'tight', call())).toMatchObject({ state: 'equal' })
    })

    test('a right through a role that is inherited is no lack', async () => {
      await server.sql(
        'CREATE ROLE readers NOLOGIN',
        'CREATE TABLE read_by_role (id int)',
        'GRANT SELECT ON read_by_role TO readers',
        'CREATE ROLE direct LOGIN',
        'GRANT SELECT ON read_by_role TO direct',
        'CREATE ROLE inheriting LOGIN IN ROLE readers',
        'CREATE ROLE not_inheriting LOGIN NOINHERIT IN ROLE readers',
        'ALTER ROLE direct NOINHERIT',
      )
      await using root = await session('superuser')
      const compare = (name: string) => root.compareUsers('direct', name, call())
      expect(await compare('inheriting')).toMatchObject({ state: 'equal' })
      expect(await compare('not_inheriting')).toEqual({
        state: 'differs',
        lacks: ['SELECT on table "public"."read_by_role"'],
      })
    })

    test('a reference that owns objects is refused, and nothing is left behind', async () => {
      await server.sql(
        'CREATE ROLE owning LOGIN',
        'CREATE TABLE owned_by_slot (id int)',
        'ALTER TABLE owned_by_slot OWNER TO owning',
      )
      await using admin = await session('admin')
      const refused = admin.provision('owning', 'owning-2', call())
      await expect(refused).rejects.toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining('table public.owned_by_slot') },
      })
      await expect(refused).rejects.toThrow('NOLOGIN owner role')
      const compared = await admin.compareUsers('owning', 'owning-2', call())
      expect(compared.state).toBe('absent')
    })

    test('a reference that is a superuser or maps to a foreign user is refused', async () => {
      await server.sql('CREATE ROLE mapped LOGIN', 'CREATE USER MAPPING FOR mapped SERVER far')
      await using root = await session('superuser')
      for (const [name, line] of [
        ['postgres', 'attribute SUPERUSER'],
        ['mapped', 'user mapping on server "far"'],
      ] as const)
        await expect(root.provision(name, 'never', call())).rejects.toMatchObject({
          code: 'ERR_DB_UNSUPPORTED',
          details: { problem: expect.stringContaining(line) },
        })
    })

    test('an admin who may not give a right says which, and leaves nothing behind', async () => {
      await server.sql(
        'CREATE TABLE out_of_reach (id int)',
        'CREATE ROLE beyond LOGIN',
        'GRANT SELECT ON out_of_reach TO beyond',
        `GRANT INSERT ON out_of_reach TO ${server.admin.username}`,
      )
      await using admin = await session('admin')
      await expect(admin.provision('beyond', 'beyond-2', call())).rejects.toMatchObject({
        code: 'ERR_DB_DENIED',
        details: { operation: 'give SELECT on table "public"."out_of_reach"' },
      })
      expect(await admin.compareUsers('beyond', 'beyond-2', call())).toMatchObject({
        state: 'absent',
      })
    })

    test('both slots can alter what the other has created as their common owner', async () => {
      const { admin, connect } = server
      const password = new Sensitive('slots', 'password of both slots')
      await server.sql(
        `CREATE ROLE common NOLOGIN ADMIN ${admin.username}`,
        'GRANT CREATE, USAGE ON SCHEMA public TO common',
        `CREATE ROLE slot_a LOGIN ADMIN ${admin.username}`,
        'GRANT common TO slot_a',
        'ALTER ROLE slot_a SET role TO common',
      )
      await using slots = await session('admin')
      await slots.provision('slot_a', 'slot_b', call())
      for (const username of ['slot_a', 'slot_b'])
        await slots.setPassword(username, password, call())
      const a = await connect({ ...admin, username: 'slot_a', password })
      const b = await connect({ ...admin, username: 'slot_b', password })
      await a.query('CREATE TABLE made_by_a (id int)')
      await b.query('ALTER TABLE made_by_a ADD COLUMN added_by_b int')
      await a.query('DROP TABLE made_by_a')
      await Promise.all([a.end(), b.end()])
      const compared = await slots.compareUsers('slot_b', 'slot_a', call())
      expect(compared).toEqual({ state: 'equal', lacks: [] })
    })

    test.runIf(Number(version) >= 16)(
      'options of a membership are compared and copied',
      async () => {
        await server.sql(
          'CREATE ROLE group_16 NOLOGIN',
          'CREATE ROLE sets LOGIN',
          'GRANT group_16 TO sets WITH INHERIT FALSE, SET TRUE',
          'CREATE ROLE inherits LOGIN',
          'GRANT group_16 TO inherits WITH INHERIT TRUE, SET FALSE',
        )
        await using root = await session('superuser')
        const line = (option: string) => `option ${option} of the membership in role "group_16"`
        expect((await root.compareUsers('sets', 'inherits', call())).lacks).toEqual([line('SET')])
        expect((await root.compareUsers('inherits', 'sets', call())).lacks).toEqual([
          line('INHERIT'),
        ])
        await root.provision('sets', 'sets-2', call())
        expect((await root.compareUsers('inherits', 'sets-2', call())).lacks).toEqual([
          line('INHERIT'),
        ])
      },
    )
  })
