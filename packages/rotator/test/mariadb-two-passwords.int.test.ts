import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeSuite } from '../../testkit/src/conformance/database-fixture.ts'
import type { Suite } from '../../testkit/src/conformance/database-fixture.ts'
import { lockName } from '../src/adapters/mysql/protocol/lock.ts'
import { nativeHash, quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import { mariadbFixture, secret, soon, via } from './mariadb-fixture.ts'
import type { MariadbFixture } from './mariadb-fixture.ts'

/** Every user may use it. */
const ANYWHERE = 'information_schema'

/** What an entry accepts before the change, in the order in which the server tries it. */
const BEFORE = {
  'kept alone': ['kept'],
  'kept first': ['kept', 'stale'],
  'kept second': ['stale', 'kept'],
} as const
type Before = keyof typeof BEFORE

describe('two passwords on MariaDB', () => {
  let fixture: MariadbFixture
  let suite: Suite
  beforeAll(async () => {
    fixture = await mariadbFixture({ performanceSchema: true })
    suite = makeSuite(fixture)
  })
  afterAll(async () => await fixture[Symbol.asyncDispose]())

  const answers = async (user: string, ...passwords: string[]): Promise<readonly string[]> => {
    const { db } = suite
    const found: string[] = []
    for (const password of passwords) {
      const login = { ...suite.credential(user, secret(password)), dbname: ANYWHERE }
      found.push(await db.login(login, db.endpoints[0] ?? '', soon()))
    }
    return found
  }
  const create = async (user: string, host: string, before: Before, more = ''): Promise<void> => {
    const [first, second] = BEFORE[before]
    const other = second === undefined ? '' : via(second).replace('IDENTIFIED VIA', ' OR')
    await fixture.sql(`CREATE USER ${quoteAccount({ user, host })} ${via(first)}${other} ${more}`)
  }
  const change = { kept: secret('kept'), added: secret('added') }

  test.for([
    ['kept alone', 'kept first'],
    ['kept first', 'kept alone'],
    ['kept second', 'kept first'],
  ] as const)('reach each host entry: %s there, %s here', async ([wide, near], context) => {
    const user = `spread ${context.task.id}`
    await create(user, '%', wide)
    await create(user, '127.0.0.1', near)
    await using session = await suite.admin()
    expect(await session.hasSecondPassword(user, soon())).toBe('everywhere')
    for (let time = 0; time < 2; time += 1) await session.setPasswords(user, change, soon())
    const now = ['accepted', 'accepted', 'denied']
    expect(await answers(user, 'kept', 'added', 'stale')).toEqual(now)
    // The server takes the narrowest entry that fits; without it, the other one answers.
    await fixture.sql(`RENAME USER '${user}'@'127.0.0.1' TO '${user}'@'10.0.0.1'`)
    expect(await answers(user, 'kept', 'added', 'stale')).toEqual(now)
    await session.setPasswords(user, { kept: change.added }, soon())
    expect(await answers(user, 'kept', 'added', 'stale')).toEqual(['denied', 'accepted', 'denied'])
    expect(await session.hasSecondPassword(user, soon())).toBe('nowhere')
  })

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
    await session.setPasswords('many', change, soon())
    const doubled = await look()
    await session.setPasswords('many', { kept: change.added }, soon())
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
    await expect(session.setPasswords('chained', change, soon())).rejects.toMatchObject({
      code: 'ERR_DB_UNSUPPORTED',
      details: { problem: expect.stringContaining('unix_socket') },
    })
    const [row] = await fixture.sql("SHOW CREATE USER 'chained'@'%'")
    expect(row?.[0]).toContain('unix_socket')
  })

  test('are added behind the lock until the server is through, whoever died', async () => {
    await create('fenced', '%', 'kept alone')
    const first = await suite.admin({ target: 'fence' })
    const leaving = new AbortController()
    await fixture.sql('FLUSH TABLES WITH READ LOCK')
    const changing = first.setPasswords('fenced', change, { signal: leaving.signal })
    const outcome = changing.catch((reason: unknown) => reason)
    const [holder] = (await fixture.sql('SELECT IS_USED_LOCK(?)', [lockName('fence')]))[0] ?? []
    await expect.poll(() => waiting(holder)).toEqual([['ALTER USER']])
    leaving.abort()
    expect(await outcome).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })
    const held = await suite.admin({ target: 'fence' })
    expect(held.lock.kind).toBe('held')
    expect(await waiting(holder)).toEqual([['ALTER USER']])
    await fixture.sql('UNLOCK TABLES')
    await held[Symbol.asyncDispose]()
    const free = async (): Promise<unknown> =>
      (await fixture.sql('SELECT IS_FREE_LOCK(?)', [lockName('fence')]))[0]?.[0]
    await expect.poll(free, { timeout: 15_000 }).toBe(1)
    expect(await waiting(holder)).toEqual([])
    // What the dead client has sent was carried out: this is the second time.
    expect(await answers('fenced', 'kept', 'added')).toEqual(['accepted', 'accepted'])
    await using second = await suite.admin({ target: 'fence' })
    expect(second.lock.kind).toBe('own')
    await second.setPasswords('fenced', change, soon())
    expect(await answers('fenced', 'kept', 'added')).toEqual(['accepted', 'accepted'])
  })

  /** Which statement this connection is carrying out. */
  async function waiting(id: unknown): Promise<readonly (readonly unknown[])[]> {
    return await fixture.sql(
      'SELECT LEFT(INFO, 10) FROM information_schema.PROCESSLIST' +
        " WHERE ID = ? AND COMMAND = 'Query'",
      [String(id)],
    )
  }

  test('are told apart by the name of a client that can tell nothing else', async () => {
    const user = await suite.application('named')
    await using session = await suite.admin()
    for (const [name, version] of [
      ['billing cred=v7', 'v7'],
      ['billing', ''],
    ] as const) {
      await using open = await fixture.openSession(user, name)
      await open.work()
      const seen = await session.sessions([user.username], soon())
      expect(seen).toMatchObject([{ application: name, credentialVersion: version }])
      await fixture.killSessions(user.username)
      await expect.poll(() => session.sessions([user.username], soon())).toEqual([])
    }
  })

  test('do not let an admin without CONNECTION ADMIN end sessions of others', async () => {
    const user = await suite.application('not ended')
    await using open = await fixture.openSession(user, 'app')
    await open.work()
    await using session = await suite.admin()
    const seen = await session.sessions([user.username], soon())
    expect(seen).toHaveLength(1)
    await expect(session.endSessions(seen, soon())).rejects.toMatchObject({
      code: 'ERR_DB_DENIED',
      details: { operation: 'end a session of "not ended"' },
    })
    await open.work()
  })
})
