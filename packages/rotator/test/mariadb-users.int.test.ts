import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Credential } from '@cuedot/client/protocol'
import { nativeHash, quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import type { AdminSession } from '../src/ports/database.ts'
import { mariadbFixture, secret, soon, via } from './mariadb-fixture.ts'
import type { MariadbFixture } from './mariadb-fixture.ts'
import { userTemplateTests } from './user-template-tests.ts'

describe('making a user on MariaDB', () => {
  let fixture: MariadbFixture
  afterAll(async () => await fixture[Symbol.asyncDispose]())

  const asAdmin = async (who: Credential = fixture.admin): Promise<AdminSession> => {
    const tls = { mode: 'verify', ca: fixture.ca } as const
    const db = fixture.database({ endpoints: [fixture.endpoint], tls })
    return await db.admin(who, { target: 'users', lock: 'look', holder: 'test' }, soon())
  }
  const accountOf = async (user: string, host: string): Promise<string> => {
    const [row] = await fixture.sql(`SHOW CREATE USER ${quoteAccount({ user, host })}`)
    return String(row?.[0])
  }
  const grantsOf = async (user: string, host: string): Promise<readonly string[]> => {
    const rows = await fixture.sql(`SHOW GRANTS FOR ${quoteAccount({ user, host })}`)
    return rows
      .map((row) => String(row[0]).replaceAll(/'\*[0-9A-F]{40}'/g, "'*'"))
      .map((line) => line.replace('(`c``d`, `a,b`)', '(`a,b`, `c``d`)'))
      .toSorted()
  }

  const RIGHTS: readonly string[] = [
    "GRANT `reporting` TO 'rich'@'%' WITH ADMIN OPTION",
    "GRANT `audit-role` TO 'rich'@'%'",
    "GRANT RELOAD, PROCESS ON *.* TO 'rich'@'%' WITH GRANT OPTION",
    "GRANT ALL PRIVILEGES ON `my-app`.* TO 'rich'@'%' WITH GRANT OPTION",
    String.raw`GRANT SELECT ON ${'`my\\_db`'}.* TO 'rich'@'%'`,
    "GRANT SELECT ON `my%`.* TO 'rich'@'%'",
    'GRANT SELECT (`a,b`, `c``d`), INSERT (`a,b`), UPDATE ON `my-app`.`it\'s "odd"` TO rich',
    "GRANT SELECT ON `my-app`.`numbers` TO 'rich'@'%'",
    "GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `openemr`.`touch` TO 'rich'@'%'",
    "GRANT EXECUTE ON FUNCTION `my-app`.`one` TO 'rich'@'%' WITH GRANT OPTION",
    "GRANT PROXY ON 'other'@'%' TO 'rich'@'%' WITH GRANT OPTION",
    "SET DEFAULT ROLE `reporting` FOR 'rich'@'%'",
    "GRANT DELETE ON openemr.* TO 'rich'@'10.0.0.%'",
  ]

  const LACKS: readonly string[] = [
    'ALL PRIVILEGES, GRANT OPTION on database "my-app" @',
    'EXECUTE, ALTER ROUTINE on procedure "openemr"."touch" @',
    'EXECUTE, GRANT OPTION on function "my-app"."one" @',
    'PROXY for "other" at "%" @',
    'RELOAD, PROCESS, GRANT OPTION on all databases @',
    'SELECT (a,b, c`d), INSERT (a,b), UPDATE on table "my-app"."it\'s "odd"" @',
    'SELECT on database "my%" @',
    'SELECT on database "my\\_db" @',
    'SELECT on table "my-app"."numbers" @',
    'role "audit-role" @',
    'role "reporting" with the right to grant it @',
    'requires a client certificate @',
    'MAX_CONNECTIONS_PER_HOUR 9 @',
    'PASSWORD EXPIRE INTERVAL 9 DAY @',
    'default role "reporting" @',
    'host pattern "10.0.0.%"',
  ]

  beforeAll(async () => {
    fixture = await mariadbFixture({ performanceSchema: false })
    const settings = 'REQUIRE X509 WITH MAX_CONNECTIONS_PER_HOUR 9 PASSWORD EXPIRE INTERVAL 9 DAY'
    for (const statement of [
      'CREATE DATABASE `my-app`',
      'CREATE TABLE `my-app`.`it\'s "odd"` (`a,b` int, `c``d` int)',
      'CREATE SEQUENCE `my-app`.numbers',
      'CREATE FUNCTION `my-app`.one() RETURNS int RETURN 1',
      'CREATE ROLE reporting',
      'CREATE ROLE `audit-role`',
      `CREATE USER 'rich'@'%' ${via('rich')} ${settings}`,
      `CREATE USER 'rich'@'10.0.0.%' ${via('rich')} REQUIRE NONE`,
      ...RIGHTS,
    ])
      await fixture.sql(statement)
  })

  userTemplateTests(() => ({
    sql: fixture.sql,
    root: () => asAdmin(fixture.server.root),
    identified: via,
  }))

  test('copies every grant, role, limit and requirement of every host pattern', async () => {
    await using session = await asAdmin(fixture.server.root)
    expect(await session.compareUsers('rich', 'rich', soon())).toEqual({
      state: 'equal',
      lacks: [],
    })
    await session.provision('rich', 'tw`in', soon())
    expect(await session.compareUsers('rich', 'tw`in', soon())).toEqual({
      state: 'equal',
      lacks: [],
    })
    for (const host of ['%', '10.0.0.%']) {
      const renamed = (await grantsOf('rich', host)).map((line) =>
        line.replace('`rich`', '`tw``in`').replace("TO 'rich'@", "TO 'tw`in'@"),
      )
      expect(renamed.length).toBeGreaterThan(0)
      expect(await grantsOf('tw`in', host)).toEqual(renamed)
    }
    expect(await accountOf('tw`in', '%')).toContain('ACCOUNT LOCK')
    expect(await accountOf('tw`in', '%')).not.toContain(nativeHash(secret('rich')))
  })

  test('says of a locked user with nothing what it lacks, in words', async () => {
    await fixture.sql(`CREATE USER 'bare'@'%' ${via('bare')} ACCOUNT LOCK`)
    await using session = await asAdmin(fixture.server.root)
    const compared = await session.compareUsers('rich', 'bare', soon())
    expect(compared.state).toBe('partial')
    expect(compared.lacks).toEqual(LACKS.map((line) => line.replace('@', '(from "%")')))
    await session.quarantine('bare', false, soon())
    expect((await session.compareUsers('rich', 'bare', soon())).state).toBe('differs')
  })

  test('calls a host pattern that the reference lacks a difference', async () => {
    await fixture.sql(`CREATE USER 'wide'@'%' ${via('w')}, 'wider'@'%' ${via('w')}`)
    await fixture.sql(`CREATE USER 'wider'@'127.0.0.1' ${via('w')}`)
    await using session = await asAdmin()
    expect(await session.compareUsers('wide', 'wider', soon())).toEqual({
      state: 'differs',
      lacks: ['no host pattern "127.0.0.1"'],
    })
  })

  test('sends no FLUSH PRIVILEGES', async () => {
    const log = await fixture.log()
    expect(log).toContain('GRANT')
    expect(log.toUpperCase()).not.toContain('FLUSH')
  })
})
