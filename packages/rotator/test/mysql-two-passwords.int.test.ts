import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeSuite } from '../../testkit/src/conformance/database-fixture.ts'
import type { Suite } from '../../testkit/src/conformance/database-fixture.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql.ts'
import { lockName } from '../src/adapters/mysql/protocol/lock.ts'
import { quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import { by, mysqlFixture, secret, soon } from './mysql-fixture.ts'
import type { MysqlFixture } from './mysql-fixture.ts'

/** Every user may use it. */
const ANYWHERE = 'information_schema'

/** What an entry accepts before the change; the last one is the first password. */
const BEFORE = {
  'kept alone': ['kept'],
  'kept first': ['stale', 'kept'],
  'kept second': ['kept', 'stale'],
} as const
type Before = keyof typeof BEFORE

/** The statements under test, as any of the server's logs spells them. */
const RETAINED = /ALTER USER [`'\\"]*logged[^;]*RETAIN CURRENT PASSWORD/
const DISCARDED = /ALTER USER [`'\\"]*logged[^;]*DISCARD OLD PASSWORD/

describe.skipIf(MYSQL_HERE === undefined)('two passwords on MySQL', () => {
  let fixture: MysqlFixture
  let suite: Suite
  beforeAll(async () => {
    fixture = await mysqlFixture({ binaryLog: true })
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
  /** The definition without its hash, which has a new salt each time. */
  const accountOf = async (user: string, host: string): Promise<string> => {
    await fixture.sql('SET SESSION print_identified_with_as_hex = 1')
    const [row] = await fixture.sql(`SHOW CREATE USER ${quoteAccount({ user, host })}`)
    return String(row?.[0]).replace(/ AS 0x[0-9A-F]+/, ' AS 0x')
  }
  const create = async (user: string, host: string, before: Before, more = ''): Promise<void> => {
    const account = quoteAccount({ user, host })
    const [first = '', second] = BEFORE[before]
    await fixture.sql(`CREATE USER ${account} ${by(first)} ${more}`)
    if (second !== undefined)
      await fixture.sql(`ALTER USER ${account} ${by(second)} RETAIN CURRENT PASSWORD`)
  }
  const change = { kept: secret('kept'), added: secret('added') }

  test.for([
    ['kept alone', 'kept first'],
    ['kept first', 'kept alone'],
    ['kept second', 'kept alone'],
    ['kept alone', 'kept second'],
    ['kept second', 'kept first'],
  ] as const)('reach each host entry: %s there, %s here', async ([wide, near], context) => {
    const user = `spread ${context.task.id}`
    await create(user, '%', wide)
    await create(user, '127.0.0.1', near)
    await using session = await suite.admin()
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
      Promise.all(hosts.map((host) => accountOf('many', host)))
    const before = await look()
    await using session = await suite.admin()
    await session.setPasswords('many', change, soon())
    const doubled = await look()
    await session.setPasswords('many', change, soon())
    const again = await look()
    await session.setPasswords('many', { kept: change.added }, soon())
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
      const changed = session.setPasswords(user, change, soon())
      const error: unknown = await changed.catch((reason: unknown) => reason)
      await fixture.sql('SET GLOBAL password_history = 0')
      expect(error).toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining(REMEDY) },
      })
      expect(await answers(user, 'kept')).toEqual(['accepted'])
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
    expect(await answers('late', 'newest', 'stale')).toEqual(['accepted', 'accepted'])
    await fixture.sql(`ALTER USER 'late'@'%' ${REMEDY}`)
    await session.setPasswords('late', { kept: secret('newest') }, soon())
    expect(await answers('late', 'newest', 'stale')).toEqual(['accepted', 'denied'])
  })

  test('are added behind the lock until the server is through, whoever died', async () => {
    await create('fenced', '%', 'kept alone')
    const first = await suite.admin({ target: 'fence' })
    const leaving = new AbortController()
    await fixture.sql('FLUSH TABLES WITH READ LOCK')
    const change1 = first.setPasswords('fenced', change, { signal: leaving.signal })
    const outcome = change1.catch((reason: unknown) => reason)
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
      'SELECT LEFT(INFO, 10) FROM performance_schema.processlist' +
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

  test('do not let an admin without CONNECTION_ADMIN end sessions of others', async () => {
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

const REMEDY = 'PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY'
