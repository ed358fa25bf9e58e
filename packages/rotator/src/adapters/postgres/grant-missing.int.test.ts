import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { POSTGRES_HERE, startPostgres } from '../../../../testkit/src/servers/postgres.ts'
import type { TestPostgres } from '../../../../testkit/src/servers/postgres.ts'
import { PUBLIC_TOO, everything } from '../../../test/postgres-rights.ts'
import type { AdminSession } from '../../ports/database.ts'
import { postgresDatabase } from './database.ts'

const call = () => ({ signal: AbortSignal.timeout(20_000) })
const EQUAL = { state: 'equal', lacks: [] }

for (const version of POSTGRES_HERE)
  describe(`missing rights in PostgreSQL ${version}`, () => {
    let server: TestPostgres
    beforeAll(async () => {
      server = await startPostgres({ version })
      await server.sql(...everything(version))
    })
    afterAll(() => server.stop())
    const session = async (as: 'superuser' | 'admin' = 'superuser'): Promise<AdminSession> => {
      const { host, port } = server
      const tls = { mode: 'off' } as const
      const db = postgresDatabase({ endpoints: [{ host, port }], dbname: 'app', tls })
      const options = { target: 'missing', lock: 'look', holder: 'test' } as const
      return await db.admin(server[as], options, call())
    }

    test('are given, whatever their kind, and giving them again changes nothing', async () => {
      await server.sql('CREATE ROLE lacking LOGIN')
      await using root = await session()
      const before = await root.compareUsers('ref', 'lacking', call())
      expect([before.state, before.lacks.length > 20]).toEqual(['differs', true])
      for (let round = 0; round < 2; round += 1) {
        await root.grantMissing('ref', 'lacking', call())
        expect(await root.compareUsers('ref', 'lacking', call())).toEqual(EQUAL)
      }
      await server.sql(...PUBLIC_TOO.map(([what]) => `REVOKE ${what} FROM PUBLIC`))
      await root.grantMissing('ref', 'lacking', call())
      expect(await root.compareUsers('ref', 'lacking', call())).toEqual(EQUAL)
    })

    test('are given one by one as they are taken, and nothing else is taken', async () => {
      await server.sql('CREATE TABLE extra (id int)', 'CREATE ROLE keeps LOGIN')
      await server.sql('GRANT SELECT ON extra TO keeps')
      await using root = await session()
      await root.grantMissing('ref', 'keeps', call())
      const table = '"My Schema"."a ""table"'
      for (const [taken, line] of [
        [`REVOKE GRANT OPTION FOR SELECT ON ${table} FROM keeps`, /with grant option/],
        [`REVOKE UPDATE ("a column") ON ${table} FROM keeps`, /a column/],
        ['REVOKE ADMIN OPTION FOR team FROM keeps', /option ADMIN/],
        ['ALTER ROLE keeps RESET role', /setting role/],
        ['ALTER ROLE keeps NOCREATEDB', /CREATEDB/],
        [
          'ALTER DEFAULT PRIVILEGES FOR ROLE maker REVOKE INSERT ON TABLES FROM keeps',
          /will create/,
        ],
      ] as const) {
        await server.sql(taken)
        const compared = await root.compareUsers('ref', 'keeps', call())
        expect(compared.lacks).toEqual([expect.stringMatching(line)])
        await root.grantMissing('ref', 'keeps', call())
        expect(await root.compareUsers('ref', 'keeps', call())).toEqual(EQUAL)
      }
      await server.sql('CREATE ROLE reads_extra LOGIN', 'GRANT SELECT ON extra TO reads_extra')
      expect(await root.compareUsers('reads_extra', 'keeps', call())).toEqual(EQUAL)
    })

    test('that the admin may not give are named, and none is given', async () => {
      const { username } = server.admin
      await server.sql(
        'CREATE TABLE far_away (id int)',
        `CREATE ROLE has_it LOGIN ADMIN ${username}`,
        `CREATE ROLE has_it_not LOGIN NOINHERIT ADMIN ${username}`,
        'GRANT SELECT ON far_away TO has_it',
        `GRANT INSERT ON far_away TO ${username}`,
      )
      await using admin = await session('admin')
      const before = await admin.compareUsers('has_it', 'has_it_not', call())
      await expect(admin.grantMissing('has_it', 'has_it_not', call())).rejects.toMatchObject({
        code: 'ERR_DB_DENIED',
        details: { operation: 'give SELECT on table "public"."far_away"' },
      })
      expect(await admin.compareUsers('has_it', 'has_it_not', call())).toEqual(before)
      expect(before.lacks).toEqual(['attribute INHERIT', 'SELECT on table "public"."far_away"'])
    })

    test('are not given to a user that is not there, nor as a user that is not there', async () => {
      await server.sql('CREATE ROLE lonely LOGIN')
      await using root = await session()
      for (const [reference, username] of [
        ['lonely', 'nobody'],
        ['nobody', 'lonely'],
      ] as const)
        await expect(root.grantMissing(reference, username, call())).rejects.toMatchObject({
          code: 'ERR_DB_UNSUPPORTED',
          details: { problem: expect.stringContaining('"nobody"') },
        })
    })

    test('do not queue an application behind a table that somebody holds', async () => {
      await server.sql(
        'CREATE TABLE held (id int)',
        'CREATE ROLE sees LOGIN',
        'CREATE ROLE sees_not LOGIN',
        'CREATE POLICY seen ON held TO sees USING (true)',
      )
      const holder = await server.connect(server.superuser)
      await holder.query('BEGIN; SELECT * FROM held')
      await using root = await session()
      const busy = root.grantMissing('sees', 'sees_not', call())
      await expect(busy).rejects.toMatchObject({ code: 'ERR_DB_BUSY', retry: 'safe' })
      await holder.query('COMMIT')
      await root.grantMissing('sees', 'sees_not', call())
      expect(await root.compareUsers('sees', 'sees_not', call())).toEqual(EQUAL)
      await holder.end()
    })

    test.runIf(Number(version) >= 16)('of a membership are given with their options', async () => {
      await server.sql(
        'CREATE ROLE crew NOLOGIN',
        'CREATE ROLE sets_it LOGIN',
        'GRANT crew TO sets_it WITH INHERIT FALSE, SET TRUE, ADMIN TRUE',
        'CREATE ROLE inherits_it LOGIN',
        'GRANT crew TO inherits_it WITH INHERIT TRUE, SET FALSE',
      )
      await using root = await session()
      await root.grantMissing('sets_it', 'inherits_it', call())
      expect(await root.compareUsers('sets_it', 'inherits_it', call())).toEqual(EQUAL)
      expect((await root.compareUsers('inherits_it', 'sets_it', call())).lacks).toEqual([
        'option INHERIT of the membership in role "crew"',
      ])
    })
  })
