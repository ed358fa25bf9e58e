import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeSuite } from '../../testkit/src/conformance/database-fixture.ts'
import type { Suite } from '../../testkit/src/conformance/database-fixture.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import { accountOf, by, mysqlFixture, secret, soon } from './mysql-fixture.ts'
import type { MysqlFixture } from './mysql-fixture.ts'
import { CHANGE, twoPasswords, twoPasswordsTests } from './two-passwords-tests.ts'
import type { TwoPasswords } from './two-passwords-tests.ts'

/** What an entry accepts before the change; the last one is the first password. */
const BEFORE = {
  'kept alone': ['kept'],
  'kept first': ['stale', 'kept'],
  'kept second': ['kept', 'stale'],
} as const

/** The statements under test, as the logs of the server spell them. */
const RETAINED = /ALTER USER [`'\\"]*logged[^;]*RETAIN CURRENT PASSWORD/
const DISCARDED = /ALTER USER [`'\\"]*logged[^;]*DISCARD OLD PASSWORD/

describe.skipIf(MYSQL_HERE === undefined)('two passwords on MySQL', () => {
  let fixture: MysqlFixture
  let suite: Suite
  let on: TwoPasswords
  beforeAll(async () => {
    fixture = await mysqlFixture({ binaryLog: true })
    suite = makeSuite(fixture)
    on = twoPasswords(fixture, suite, create)
  })
  afterAll(async () => await fixture[Symbol.asyncDispose]())

  const definitionOf = async (user: string, host: string): Promise<string> =>
    await accountOf(fixture, { user, host })
  const create: TwoPasswords['create'] = async (user, host, before, more = '') => {
    const account = quoteAccount({ user, host })
    const [first = '', second] = BEFORE[before]
    await fixture.sql(`CREATE USER ${account} ${by(first)} ${more}`)
    if (second !== undefined)
      await fixture.sql(`ALTER USER ${account} ${by(second)} RETAIN CURRENT PASSWORD`)
  }

  twoPasswordsTests(() => on)

  test('are seen on a user of whom only one host entry accepts two', async () => {
    await create('half', '%', 'kept alone')
    await create('half', '127.0.0.1', 'kept first')
    await using session = await suite.admin()
    expect(await session.hasSecondPassword('half', soon())).toBe('everywhere')
  })

  test('change nothing else of any host entry', async () => {
    const settings: Readonly<Record<string, string>> = {
      '%': 'DEFAULT ROLE reporting REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 500 ACCOUNT LOCK',
      '127.0.0.1':
        "REQUIRE CIPHER 'TLS_AES_256_GCM_SHA384' WITH MAX_USER_CONNECTIONS 7" +
        ' PASSWORD EXPIRE INTERVAL 30 DAY FAILED_LOGIN_ATTEMPTS 4 PASSWORD_LOCK_TIME 2',
      'h.example': "REQUIRE X509 PASSWORD EXPIRE NEVER PASSWORD REQUIRE CURRENT COMMENT 'payroll'",
    }
    const hosts = Object.keys(settings)
    await fixture.sql('CREATE ROLE reporting')
    for (const host of hosts) await create('many', host, 'kept alone', settings[host])
    await fixture.sql("ALTER USER 'many'@'%' ATTRIBUTE '{\"team\": \"billing\"}'")
    const look = (): Promise<readonly string[]> =>
      Promise.all(hosts.map((host) => definitionOf('many', host)))
    const before = await look()
    await using session = await suite.admin()
    await session.setPasswords('many', CHANGE, soon())
    const doubled = await look()
    await session.setPasswords('many', CHANGE, soon())
    const again = await look()
    await session.setPasswords('many', { kept: CHANGE.added }, soon())
    expect(before[0]).toMatch(/DEFAULT ROLE .*ACCOUNT LOCK.*billing/)
    expect([doubled, again, await look()]).toEqual([before, before, before])
  })

  test('stand in no log of the server in clear', async () => {
    await fixture.sql('SET GLOBAL slow_query_log = 1, log_slow_admin_statements = 1')
    await fixture.sql(`SET GLOBAL slow_query_log_file = '${fixture.server.dir}/slow.log'`)
    await fixture.sql("UPDATE performance_schema.setup_consumers SET ENABLED = 'YES'")
    const user = await suite.application('logged')
    const [added, next] = [suite.canary(), suite.canary()]
    // A session takes this over when it begins.
    await fixture.sql('SET GLOBAL long_query_time = 0')
    await using session = await suite.admin()
    await session.setPasswords('logged', { kept: user.password, added }, soon())
    await session.setPasswords('logged', { kept: added, added: next }, soon())
    // The server writes this log after it has answered.
    const slow = join(fixture.server.dir, 'slow.log')
    await vi.waitFor(async () => {
      const text = await readFile(slow, 'latin1')
      expect(text.split('RETAIN CURRENT PASSWORD').length).toBe(4)
    })
    await fixture.sql('SET GLOBAL long_query_time = 10, slow_query_log = 0')
    const history = await fixture.sql(
      'SELECT SQL_TEXT FROM performance_schema.events_statements_history_long',
    )
    const files = await readdir(fixture.server.dir)
    const names = files.filter((name) => /^(binlog\.\d+|slow\.log|general\.log)$/.test(name))
    expect(names).toHaveLength(3)
    const logs = await Promise.all(
      names.map((name) => readFile(join(fixture.server.dir, name), 'latin1')),
    )
    for (const log of [...logs, JSON.stringify(history)]) {
      expect(log).toMatch(RETAINED)
      expect(log).toMatch(DISCARDED)
      for (const password of [added, next]) expect(log.includes(password.reveal())).toBe(false)
    }
  })

  test.for([
    ['of its own', 'PASSWORD HISTORY 2', 0],
    ['by its own interval', 'PASSWORD REUSE INTERVAL 7 DAY', 0],
    ['by the default of the server', '', 3],
  ] as const)(
    'are refused before anything changes where a user has a password history %s',
    async ([, option, byDefault], context) => {
      const user = `historic ${context.task.id}`
      await create(user, '%', 'kept alone', option)
      await fixture.sql(`SET GLOBAL password_history = ${byDefault}`)
      await using session = await suite.admin()
      const changed = session.setPasswords(user, CHANGE, soon())
      const error: unknown = await changed.catch((reason: unknown) => reason)
      await fixture.sql('SET GLOBAL password_history = 0')
      expect(error).toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining(REMEDY) },
      })
      expect(await on.answers(user, 'kept')).toEqual(['accepted'])
      expect(await session.hasSecondPassword(user, soon())).toBe('nowhere')
    },
  )

  test('both log in where a history that came later keeps the second one from ending', async () => {
    await create('late', '%', 'kept second')
    await fixture.sql("ALTER USER 'late'@'%' PASSWORD HISTORY 5")
    // A history remembers what is set while it is on.
    await fixture.sql(`ALTER USER 'late'@'%' ${by('newest')} RETAIN CURRENT PASSWORD`)
    await using session = await suite.admin()
    const ended = session.setPasswords('late', { kept: secret('newest') }, soon())
    await expect(ended).rejects.toMatchObject({
      code: 'ERR_DB_UNSUPPORTED',
      details: { problem: expect.stringContaining(REMEDY) },
    })
    expect(await on.answers('late', 'newest', 'stale')).toEqual(['accepted', 'accepted'])
    await fixture.sql(`ALTER USER 'late'@'%' ${REMEDY}`)
    await session.setPasswords('late', { kept: secret('newest') }, soon())
    expect(await on.answers('late', 'newest', 'stale')).toEqual(['accepted', 'denied'])
  })
})

const REMEDY = 'PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY'
