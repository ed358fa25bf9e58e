import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeSuite } from '../../testkit/src/conformance/database-fixture.ts'
import type { Suite } from '../../testkit/src/conformance/database-fixture.ts'
import { nativeHash, quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import { mariadbFixture, soon, via } from './mariadb-fixture.ts'
import type { MariadbFixture } from './mariadb-fixture.ts'
import { CHANGE, twoPasswords, twoPasswordsTests } from './two-passwords-tests.ts'
import type { TwoPasswords } from './two-passwords-tests.ts'

/** What an entry accepts before the change, in the order in which the server tries it. */
const BEFORE = {
  'kept alone': ['kept'],
  'kept first': ['kept', 'stale'],
  'kept second': ['stale', 'kept'],
} as const

describe('two passwords on MariaDB', () => {
  let fixture: MariadbFixture
  let suite: Suite
  let on: TwoPasswords
  beforeAll(async () => {
    fixture = await mariadbFixture({ performanceSchema: true })
    suite = makeSuite(fixture)
    on = twoPasswords(fixture, suite, create)
  })
  afterAll(async () => await fixture[Symbol.asyncDispose]())

  const create: TwoPasswords['create'] = async (user, host, before, more = '') => {
    const [first, second] = BEFORE[before]
    const other = second === undefined ? '' : via(second).replace('IDENTIFIED VIA', ' OR')
    await fixture.sql(`CREATE USER ${quoteAccount({ user, host })} ${via(first)}${other} ${more}`)
  }

  twoPasswordsTests(() => on)

  test('change nothing else of any host entry', async () => {
    const settings: Readonly<Record<string, string>> = {
      '%': 'REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 500 MAX_STATEMENT_TIME 1.5 ACCOUNT LOCK',
      '127.0.0.1':
        "REQUIRE CIPHER 'TLS_AES_256_GCM_SHA384' WITH MAX_USER_CONNECTIONS 7" +
        ' PASSWORD EXPIRE INTERVAL 30 DAY',
      '10.%': 'REQUIRE X509 PASSWORD EXPIRE NEVER',
    }
    const hosts = Object.keys(settings)
    for (const host of hosts) await create('many', host, 'kept alone', settings[host])
    await fixture.sql('CREATE ROLE reporting')
    await fixture.sql("GRANT reporting TO 'many'@'%'")
    await fixture.sql("SET DEFAULT ROLE reporting FOR 'many'@'%'")
    const look = async (): Promise<readonly string[]> => {
      const rows = await fixture.sql(
        "SELECT JSON_REMOVE(Priv, '$.authentication_string', '$.auth_or', '$.plugin'," +
          " '$.password_last_changed') FROM mysql.global_priv WHERE User = 'many' ORDER BY Host",
      )
      return rows.map(([text]) => JSON.stringify(text))
    }
    const before = await look()
    await using session = await suite.admin()
    await session.setPasswords('many', CHANGE, soon())
    const doubled = await look()
    await session.setPasswords('many', { kept: CHANGE.added }, soon())
    expect(before.join()).toMatch(/account_locked.*reporting|reporting.*account_locked/)
    expect([doubled, await look()]).toEqual([before, before])
  })

  test('stand in no log of the server, only their hashes do', async () => {
    await fixture.sql('SET GLOBAL slow_query_log = 1, log_slow_admin_statements = 1')
    await fixture.sql(`SET GLOBAL slow_query_log_file = '${fixture.server.dir}/slow.log'`)
    await fixture.sql("UPDATE performance_schema.setup_consumers SET ENABLED = 'YES'")
    const user = await suite.application('logged')
    const added = suite.canary()
    // A session takes this over when it begins.
    await fixture.sql('SET GLOBAL long_query_time = 0')
    await using session = await suite.admin()
    await session.setPasswords('logged', { kept: user.password, added }, soon())
    const slow = join(fixture.server.dir, 'slow.log')
    const hash = nativeHash(added)
    await vi.waitFor(async () => expect(await readFile(slow, 'latin1')).toContain(hash))
    await fixture.sql('SET GLOBAL long_query_time = 10, slow_query_log = 0')
    const history = await fixture.sql(
      'SELECT SQL_TEXT FROM performance_schema.events_statements_history_long',
    )
    for (const log of [
      await fixture.log(),
      await readFile(slow, 'latin1'),
      JSON.stringify(history),
    ]) {
      expect(log).toContain(hash)
      for (const password of [user.password, added])
        expect(log.includes(password.reveal())).toBe(false)
    }
  })

  test('are refused on a user who may log in by a socket besides', async () => {
    const chain = 'IDENTIFIED VIA unix_socket OR mysql_native_password'
    await fixture.sql(`CREATE USER 'chained'@'%' ${chain}`)
    await using session = await suite.admin()
    await expect(session.setPasswords('chained', CHANGE, soon())).rejects.toMatchObject({
      code: 'ERR_DB_UNSUPPORTED',
      details: { problem: expect.stringContaining('unix_socket') },
    })
    const [row] = await fixture.sql("SHOW CREATE USER 'chained'@'%'")
    expect(row?.[0]).toContain('unix_socket')
  })
})
