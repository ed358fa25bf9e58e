import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import type { AdminSession } from '../src/ports/database.ts'
import { by, mysqlFixture, soon } from './mysql-fixture.ts'
import type { MysqlFixture } from './mysql-fixture.ts'
import { userTemplateTests } from './user-template-tests.ts'

describe.skipIf(MYSQL_HERE === undefined)('making a user on MySQL', () => {
  let fixture: MysqlFixture
  afterAll(async () => await fixture[Symbol.asyncDispose]())

  const asAdmin = async (who: Credential = fixture.admin): Promise<AdminSession> => {
    const tls = { mode: 'verify', ca: fixture.ca } as const
    const db = fixture.database({ endpoints: [fixture.endpoint], tls })
    return await db.admin(who, { target: 'users', lock: 'look', holder: 'test' }, soon())
  }
  const accountOf = async (user: string, host: string): Promise<string> => {
    await fixture.sql('SET SESSION print_identified_with_as_hex = 1')
    const [row] = await fixture.sql(`SHOW CREATE USER ${quoteAccount({ user, host })}`)
    // Whether a limit of 0 is shown depends on whether it was ever named.
    return String(row?.[0])
      .replaceAll(/ MAX_\w+ 0\b/g, '')
      .replace(/ WITH(?= PASSWORD )/, '')
  }
  const grantsOf = async (user: string, host: string): Promise<readonly string[]> => {
    const rows = await fixture.sql(`SHOW GRANTS FOR ${quoteAccount({ user, host })}`)
    return rows.map((row) => String(row[0])).toSorted()
  }

  const SETTINGS =
    'REQUIRE X509 WITH MAX_QUERIES_PER_HOUR 99 MAX_CONNECTIONS_PER_HOUR 9' +
    ' PASSWORD EXPIRE INTERVAL 9 DAY PASSWORD HISTORY 3 PASSWORD REUSE INTERVAL 4 DAY' +
    ' PASSWORD REQUIRE CURRENT OPTIONAL FAILED_LOGIN_ATTEMPTS 30 PASSWORD_LOCK_TIME UNBOUNDED'

  const RIGHTS: readonly string[] = [
    "GRANT `reporting` TO 'rich'@'%' WITH ADMIN OPTION",
    "GRANT `audit-role`@`10.%` TO 'rich'@'%'",
    "GRANT RELOAD, PROCESS ON *.* TO 'rich'@'%' WITH GRANT OPTION",
    "GRANT BACKUP_ADMIN, XA_RECOVER_ADMIN ON *.* TO 'rich'@'%'",
    "GRANT BINLOG_ADMIN ON *.* TO 'rich'@'%' WITH GRANT OPTION",
    "GRANT ALL PRIVILEGES ON `my-app`.* TO 'rich'@'%' WITH GRANT OPTION",
    String.raw`GRANT SELECT ON ${'`my\\_db`'}.* TO 'rich'@'%'`,
    "GRANT SELECT ON `my%`.* TO 'rich'@'%'",
    'GRANT SELECT (`a,b`, `c``d`), INSERT (`a,b`), UPDATE ON `my-app`.`it\'s "odd"` TO rich',
    "GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `openemr`.`touch` TO 'rich'@'%'",
    "GRANT EXECUTE ON FUNCTION `my-app`.`one` TO 'rich'@'%' WITH GRANT OPTION",
    "GRANT PROXY ON 'other'@'%' TO 'rich'@'%' WITH GRANT OPTION",
    "SET DEFAULT ROLE `reporting`, `audit-role`@`10.%` TO 'rich'@'%'",
    "GRANT DELETE ON openemr.* TO 'rich'@'10.0.0.%'",
  ]

  const LACKS: readonly string[] = [
    'ALL PRIVILEGES, GRANT OPTION on database "my-app" @',
    'BACKUP_ADMIN, XA_RECOVER_ADMIN on all databases @',
    'BINLOG_ADMIN, GRANT OPTION on all databases @',
    'EXECUTE, ALTER ROUTINE on procedure "openemr"."touch" @',
    'EXECUTE, GRANT OPTION on function "my-app"."one" @',
    'PROXY for "other" at "%" @',
    'RELOAD, PROCESS, GRANT OPTION on all databases @',
    'SELECT (a,b, c`d), INSERT (a,b), UPDATE on table "my-app"."it\'s "odd"" @',
    'SELECT on database "my%" @',
    'SELECT on database "my\\_db" @',
    'role "audit-role" at "10.%" @',
    'role "reporting" with the right to grant it @',
    'requires a client certificate @',
    'MAX_QUERIES_PER_HOUR 99 @',
    'MAX_CONNECTIONS_PER_HOUR 9 @',
    'PASSWORD EXPIRE INTERVAL 9 DAY @',
    'PASSWORD HISTORY 3 @',
    'PASSWORD REUSE INTERVAL 4 DAY @',
    'PASSWORD REQUIRE CURRENT OPTIONAL @',
    'FAILED_LOGIN_ATTEMPTS 30 PASSWORD_LOCK_TIME UNBOUNDED @',
    'default role "audit-role" at "10.%", "reporting" @',
    'host pattern "10.0.0.%"',
  ]

  beforeAll(async () => {
    fixture = await mysqlFixture()
    for (const statement of [
      'CREATE DATABASE `my-app`',
      'CREATE TABLE `my-app`.`it\'s "odd"` (`a,b` int, `c``d` int)',
      'CREATE FUNCTION `my-app`.one() RETURNS int DETERMINISTIC RETURN 1',
      'CREATE ROLE reporting, `audit-role`@`10.%`',
      `CREATE USER 'other'@'%' ${by('other')}`,
      `CREATE USER 'rich'@'%' ${by('rich')} ${SETTINGS}`,
      `CREATE USER 'rich'@'10.0.0.%' ${by('rich')} REQUIRE NONE`,
      ...RIGHTS,
    ])
      await fixture.sql(statement)
  })

  userTemplateTests(() => ({
    sql: fixture.sql,
    root: () => asAdmin(fixture.server.root),
    identified: by,
  }))

  test('copies every grant, role, limit and requirement of every host pattern', async () => {
    const equal = { state: 'equal', lacks: [] }
    await using session = await asAdmin(fixture.server.root)
    expect(await session.compareUsers('rich', 'rich', soon())).toEqual(equal)
    await session.provision('rich', 'tw`in', soon())
    expect(await session.compareUsers('rich', 'tw`in', soon())).toEqual(equal)
    const hash = / AS 0x[0-9A-F]+/
    for (const host of ['%', '10.0.0.%']) {
      const rename = (line: string): string => line.replace('`rich`', '`tw``in`')
      const wanted = (await grantsOf('rich', host)).map(rename)
      expect(wanted.length).toBeGreaterThan(0)
      expect(await grantsOf('tw`in', host)).toEqual(wanted)
      const [reference, made] = [await accountOf('rich', host), await accountOf('tw`in', host)]
      const locked = rename(reference).replace('ACCOUNT UNLOCK', 'ACCOUNT LOCK')
      expect(made.replace(hash, '')).toBe(locked.replace(hash, ''))
      expect(hash.exec(made)?.[0]).not.toBe(hash.exec(reference)?.[0])
    }
  })

  test('says of a locked user with nothing what it lacks, in words', async () => {
    await fixture.sql(`CREATE USER 'bare'@'%' ${by('bare')} ACCOUNT LOCK`)
    await using session = await asAdmin(fixture.server.root)
    const compared = await session.compareUsers('rich', 'bare', soon())
    expect(compared.state).toBe('partial')
    expect(compared.lacks).toEqual(LACKS.map((line) => line.replace('@', '(from "%")')))
    await session.quarantine('bare', false, soon())
    expect((await session.compareUsers('rich', 'bare', soon())).state).toBe('differs')
  })

  test('gives an existing account all settings of the reference', async () => {
    await fixture.sql(`CREATE USER 'plain'@'%' ${by('p')}`)
    await fixture.sql(`CREATE USER 'strict'@'%' ${by('p')} ${SETTINGS} ACCOUNT LOCK`)
    await using session = await asAdmin()
    const compared = await session.compareUsers('plain', 'strict', soon())
    expect(compared.lacks).toContain('no MAX_QUERIES_PER_HOUR')
    expect(compared.lacks).toContain('PASSWORD HISTORY DEFAULT')
    await session.provision('plain', 'strict', soon())
    expect((await session.compareUsers('plain', 'strict', soon())).state).toBe('equal')
  })

  test('satisfies a password policy, and says so when a new password does not', async () => {
    await fixture.sql(`CREATE USER 'ruled'@'%' ${by('p')}`)
    await fixture.sql("INSTALL COMPONENT 'file://component_validate_password'")
    await using session = await asAdmin()
    const made = session.provision('ruled', 'ruled-twin', soon())
    const error: unknown = await made.catch((reason: unknown) => reason)
    const change = session.setPassword('ruled', new Sensitive('OnlyLetters123', 'test'), soon())
    const refused: unknown = await change.catch((reason: unknown) => reason)
    await fixture.sql("UNINSTALL COMPONENT 'file://component_validate_password'")
    expect(error).toBeUndefined()
    expect(refused).toMatchObject({
      code: 'ERR_DB_UNSUPPORTED',
      details: { problem: expect.stringContaining('1819') },
    })
  })

  test.skipIf(Number.parseFloat(MYSQL_HERE ?? '0') < 9.2)(
    'copies grants on libraries',
    async () => {
      await fixture.sql("CREATE LIBRARY `my-app`.lib LANGUAGE JAVASCRIPT AS 'export const a = 1'")
      await fixture.sql(`CREATE USER 'reader'@'%' ${by('r')}`)
      await fixture.sql("GRANT EXECUTE ON LIBRARY `my-app`.lib TO 'reader'@'%'")
      await using session = await asAdmin(fixture.server.root)
      await session.provision('reader', 'reader-twin', soon())
      expect(await grantsOf('reader-twin', '%')).toContain(
        'GRANT EXECUTE ON LIBRARY `my-app`.`lib` TO `reader-twin`@`%`',
      )
    },
  )

  test('calls a host pattern that the reference lacks a difference', async () => {
    await fixture.sql(`CREATE USER 'wide'@'%' ${by('w')}, 'wider'@'%' ${by('w')}`)
    await fixture.sql(`CREATE USER 'wider'@'127.0.0.1' ${by('w')}`)
    await using session = await asAdmin()
    expect(await session.compareUsers('wide', 'wider', soon())).toEqual({
      state: 'differs',
      lacks: ['no host pattern "127.0.0.1"'],
    })
  })

  test('names partial revokes as what it does not support', async () => {
    await fixture.sql('SET GLOBAL partial_revokes = 1')
    await fixture.sql(`CREATE USER 'cut'@'%' ${by('c')}`)
    await fixture.sql("GRANT SELECT ON *.* TO 'cut'@'%'")
    await fixture.sql("REVOKE SELECT ON mysql.* FROM 'cut'@'%'")
    await using session = await asAdmin()
    const refused = {
      code: 'ERR_DB_UNSUPPORTED',
      details: { problem: expect.stringContaining('partial revokes') },
    }
    await expect(session.compareUsers('cut', 'other', soon())).rejects.toMatchObject(refused)
    await expect(session.provision('cut', 'cut-twin', soon())).rejects.toMatchObject(refused)
    expect(await session.compareUsers('other', 'cut-twin', soon())).toMatchObject({
      state: 'absent',
    })
    await fixture.sql("DROP USER 'cut'@'%'")
    await fixture.sql('SET GLOBAL partial_revokes = 0')
  })

  test('sends no FLUSH PRIVILEGES', async () => {
    const log = await fixture.log()
    expect(log).toContain('GRANT')
    expect(log.toUpperCase()).not.toContain('FLUSH')
  })
})
