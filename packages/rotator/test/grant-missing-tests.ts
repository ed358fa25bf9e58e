import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Credential } from '@cuedot/client/protocol'
import type { MysqlServer } from '../../testkit/src/servers/mysql.ts'
import type { AdminSession } from '../src/ports/database.ts'
import { secret, soon } from './mysql-protocol-fixture.ts'
import type { ProtocolFixture } from './mysql-protocol-fixture.ts'

/** A running server of MySQL's protocol, whichever it is. */
type Fixture = Omit<ProtocolFixture<MysqlServer>, 'server'> & {
  readonly server: { readonly root: Credential }
}

/** A statement that takes something from an account, and what a comparison then says. */
type Taken = readonly [statement: string, line: string]

/** What the engines do each in their own way. */
interface Differences {
  readonly start: () => Promise<Fixture>
  /** The clause that gives an account this password. */
  readonly identified: (password: string) => string
  /** `SET DEFAULT ROLE … <preposition> account`. */
  readonly defaultRole: 'FOR' | 'TO'
  readonly takesRole: readonly Taken[]
}

const EQUAL = { state: 'equal', lacks: [] }
const SETTINGS = 'REQUIRE SSL WITH MAX_USER_CONNECTIONS 7 PASSWORD EXPIRE INTERVAL 9 DAY'
const RIGHTS: readonly string[] = [
  'SELECT, INSERT ON openemr.* TO USER WITH GRANT OPTION',
  'UPDATE (name), DELETE ON openemr.patients TO USER',
  'EXECUTE ON PROCEDURE openemr.touch TO USER',
  'RELOAD, PROCESS ON *.* TO USER',
  'reporting TO USER WITH ADMIN OPTION',
]
const TAKEN: readonly Taken[] = [
  ["REVOKE INSERT ON openemr.* FROM 'keeps'@'%'", 'INSERT on database "openemr"'],
  ["REVOKE GRANT OPTION ON openemr.* FROM 'keeps'@'%'", 'GRANT OPTION on database "openemr"'],
  [
    "REVOKE UPDATE (name) ON openemr.patients FROM 'keeps'@'%'",
    'UPDATE (name) on table "openemr"."patients"',
  ],
  ["REVOKE DELETE ON openemr.patients FROM 'keeps'@'%'", 'DELETE on table "openemr"."patients"'],
  [
    "REVOKE EXECUTE ON PROCEDURE openemr.touch FROM 'keeps'@'%'",
    'EXECUTE on procedure "openemr"."touch"',
  ],
  ["REVOKE PROCESS ON *.* FROM 'keeps'@'%'", 'PROCESS on all databases'],
  ["ALTER USER 'keeps'@'%' REQUIRE NONE", 'requires TLS'],
  ["ALTER USER 'keeps'@'%' WITH MAX_USER_CONNECTIONS 0", 'MAX_USER_CONNECTIONS 7'],
  ["ALTER USER 'keeps'@'%' PASSWORD EXPIRE NEVER", 'PASSWORD EXPIRE INTERVAL 9 DAY'],
]

const SCHEMA: readonly string[] = [
  'CREATE TABLE openemr.extra (id int)',
  'CREATE DATABASE private',
  'CREATE TABLE private.notes (id int, text varchar(9))',
  'CREATE PROCEDURE private.tidy() SELECT 1',
]

/** Rights that the fixture's admin does not have, one of each kind. */
const OUT_OF_REACH: readonly Taken[] = [
  ['RELOAD ON *.* TO USER', 'RELOAD on all databases'],
  ['SELECT ON private.* TO USER', 'SELECT on database "private"'],
  ['SELECT ON private.notes TO USER', 'SELECT on table "private"."notes"'],
  ['UPDATE (text) ON private.notes TO USER', 'UPDATE (text) on table "private"."notes"'],
  ['EXECUTE ON PROCEDURE private.tidy TO USER', 'EXECUTE on procedure "private"."tidy"'],
  ['reporting TO USER', 'role "reporting"'],
  ["PROXY ON 'ref'@'%' TO USER", 'PROXY for "ref" at "%"'],
]

/** Registers the tests on one engine; a file for each, so that they run side by side. */
export function grantMissingTests(name: string, engine: Differences): void {
  const { identified, defaultRole: preposition } = engine
  describe(`what a user lacks on ${name}`, () => {
    let fixture: Fixture
    beforeAll(async () => {
      fixture = await engine.start()
      await fixture.sql('CREATE ROLE reporting')
      await make('ref', ...RIGHTS)
      await fixture.sql(`SET DEFAULT ROLE reporting ${preposition} 'ref'@'%'`)
      await fixture.sql(`CREATE USER 'ref'@'10.0.0.%' ${identified('ref')} REQUIRE NONE`)
      await fixture.sql("GRANT DELETE ON openemr.* TO 'ref'@'10.0.0.%'")
      for (const statement of SCHEMA) await fixture.sql(statement)
    })
    afterAll(async () => await fixture[Symbol.asyncDispose]())

    /** Makes a user for every host who may do this; `USER` stands for it. */
    const make = async (user: string, ...rights: readonly string[]): Promise<void> => {
      await fixture.sql(`CREATE USER '${user}'@'%' ${identified(user)} ${SETTINGS}`)
      for (const right of rights)
        await fixture.sql(`GRANT ${right.replace(/\bUSER$|\bUSER(?= WITH)/, `'${user}'@'%'`)}`)
    }
    const session = async (who: Credential): Promise<AdminSession> => {
      const tls = { mode: 'verify', ca: fixture.ca } as const
      const db = fixture.database({ endpoints: [fixture.endpoint], tls })
      return await db.admin(who, { target: 'grants', lock: 'look', holder: 'test' }, soon())
    }
    const answer = async (user: string): Promise<string> => {
      const tls = { mode: 'verify', ca: fixture.ca } as const
      const db = fixture.database({ endpoints: [fixture.endpoint], tls })
      const login = { ...fixture.admin, username: user, password: secret(user) }
      const dbname = 'information_schema'
      return await db.login({ ...login, dbname }, db.endpoints[0] ?? '', soon())
    }
    const grantsOf = async (user: string): Promise<string> =>
      (await fixture.sql(`SHOW GRANTS FOR '${user}'@'%'`)).map(String).toSorted().join('\n')

    test('is given, whatever its kind, and giving it again changes nothing', async () => {
      await fixture.sql(`CREATE USER 'lacking'@'%' ${identified('lacking')}`)
      await using root = await session(fixture.server.root)
      const before = await root.compareUsers('ref', 'lacking', soon())
      expect([before.state, before.lacks.length > 8]).toEqual(['differs', true])
      for (let round = 0; round < 2; round += 1) {
        await root.grantMissing('ref', 'lacking', soon())
        expect(await root.compareUsers('ref', 'lacking', soon())).toEqual(EQUAL)
      }
      const entries = await fixture.sql("SELECT Host FROM mysql.user WHERE User = 'lacking'")
      expect(entries.map(String).toSorted()).toEqual(['%', '10.0.0.%'])
    })

    test('is given one by one, and password, lock and whatever else it has stay', async () => {
      await using root = await session(fixture.server.root)
      await root.provision('ref', 'keeps', soon())
      await root.setPassword('keeps', secret('keeps'), soon())
      await fixture.sql("GRANT SELECT, DELETE ON openemr.extra TO 'keeps'@'%'")
      const noDefault = `SET DEFAULT ROLE NONE ${preposition} 'keeps'@'%'`
      for (const [taken, line] of [
        ...TAKEN,
        ...engine.takesRole,
        [noDefault, 'default role "reporting"'] as const,
      ]) {
        const whole = await grantsOf('keeps')
        await fixture.sql(taken)
        const compared = await root.compareUsers('ref', 'keeps', soon())
        expect(compared.lacks).toContain(`${line} (from "%")`)
        await root.grantMissing('ref', 'keeps', soon())
        expect(await root.compareUsers('ref', 'keeps', soon()), taken).toEqual(EQUAL)
        expect(await grantsOf('keeps')).toBe(whole)
      }
      expect(await grantsOf('keeps')).toContain('`extra`')
      expect(await answer('keeps')).toBe('accepted')
    })

    test('as a host entry is made, so that nobody can use it until it has a password', async () => {
      await using root = await session(fixture.server.root)
      await root.provision('ref', 'hosts', soon())
      await root.setPassword('hosts', secret('hosts'), soon())
      await fixture.sql("DROP USER 'hosts'@'10.0.0.%'")
      const compared = await root.compareUsers('ref', 'hosts', soon())
      expect(compared).toEqual({ state: 'differs', lacks: ['host pattern "10.0.0.%"'] })
      await root.grantMissing('ref', 'hosts', soon())
      expect(await root.compareUsers('ref', 'hosts', soon())).toEqual(EQUAL)
      const [row] = await fixture.sql("SHOW CREATE USER 'hosts'@'10.0.0.%'")
      expect(row?.[0]).toContain('ACCOUNT LOCK')
      expect(await answer('hosts')).toBe('accepted')
    })

    test('cannot be given where it has a host entry too many, which is named', async () => {
      await make('narrow', 'SELECT ON openemr.* TO USER')
      await make('shadowed')
      await fixture.sql(`CREATE USER 'shadowed'@'127.0.0.1' ${identified('shadowed')}`)
      await using admin = await session(fixture.admin)
      await expect(admin.grantMissing('narrow', 'shadowed', soon())).rejects.toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining('no host pattern "127.0.0.1"') },
      })
    })

    test.for(OUT_OF_REACH)('that the admin may not give is named: %s', async ([right, line]) => {
      const [user, twin] = [`far ${line}`, `short ${line}`].map((text) => text.slice(0, 32))
      if (user === undefined || twin === undefined) throw new Error('no names')
      await make(user, 'SELECT ON openemr.* TO USER', right)
      await make(twin, 'SELECT ON openemr.* TO USER')
      await using admin = await session(fixture.admin)
      await expect(admin.grantMissing(user, twin, soon())).rejects.toMatchObject({
        code: 'ERR_DB_DENIED',
        details: { operation: `grant to "${twin}": ${line}` },
      })
      const left = { state: 'differs', lacks: [line] }
      expect(await admin.compareUsers(user, twin, soon())).toEqual(left)
    })

    test('needs no more rights of the admin than are missing', async () => {
      const rights = ['SELECT, INSERT, DELETE ON openemr.* TO USER', 'RELOAD ON *.* TO USER']
      await make('broad', ...rights)
      await make('nearly', ...rights)
      await fixture.sql("REVOKE INSERT ON openemr.* FROM 'nearly'@'%'")
      await make(
        'junior',
        'CREATE USER ON *.* TO USER',
        'SELECT ON mysql.* TO USER',
        'INSERT ON openemr.* TO USER WITH GRANT OPTION',
      )
      const junior = { ...fixture.admin, username: 'junior', password: secret('junior') }
      await using admin = await session(junior)
      await admin.grantMissing('broad', 'nearly', soon())
      expect(await admin.compareUsers('broad', 'nearly', soon())).toEqual(EQUAL)
    })

    test('is unknown where there is no user to compare with', async () => {
      await make('lonely')
      await using admin = await session(fixture.admin)
      await expect(admin.grantMissing('nobody', 'lonely', soon())).rejects.toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining('"nobody"') },
      })
    })
  })
}
