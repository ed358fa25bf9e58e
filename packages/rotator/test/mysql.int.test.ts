import type { Credential } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'
import { quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import type { AdminSession, Database } from '../src/ports/database.ts'
import { accountOf, by, mysqlFixture, secret, soon } from './mysql-fixture.ts'
import type { MysqlFixture } from './mysql-fixture.ts'
import { logsDuring } from './mysql-logs.ts'

/** The statement under test, as the logs of the server spell it. */
const ALTERED = /ALTER USER [`'\\"]*logged/

describe.skipIf(MYSQL_HERE === undefined)('MySQL', () => {
  let fixture: MysqlFixture
  let db: Database
  beforeAll(async () => {
    fixture = await mysqlFixture({ binaryLog: true })
    const tls = { mode: 'verify', ca: fixture.ca } as const
    db = fixture.database({ endpoints: [fixture.endpoint], tls })
  })
  afterAll(async () => await fixture[Symbol.asyncDispose]())

  const endpoint = (): string => db.endpoints[0]!
  const credential = (username: string, password: string): Credential => ({
    ...fixture.admin,
    username,
    password: secret(password),
  })
  const asAdmin = async (who: Credential = fixture.admin): Promise<AdminSession> =>
    await db.admin(who, { target: 'extra', lock: 'look', holder: 'test' }, soon())
  const answer = async (user: string, password: string): Promise<string> =>
    await db.login({ ...credential(user, password), dbname: ANYWHERE }, endpoint(), soon())
  const definitionOf = async (user: string, host: string): Promise<string> =>
    await accountOf(fixture, { user, host })
  const secondPasswords = async (user: string): Promise<readonly unknown[]> => {
    const rows = await fixture.sql(
      "SELECT User_attributes->>'$.additional_password' FROM mysql.user WHERE User = ?",
      [user],
    )
    return rows.map(([hash]) => hash)
  }
  /** Every user may use it. */
  const ANYWHERE = 'information_schema'

  describe('setting a password', () => {
    test('leaves exactly one that logs in, on every host pattern', async () => {
      await fixture.sql(`CREATE USER 'dual'@'%' ${by('older')}, 'dual'@'127.0.0.1' ${by('older')}`)
      for (const host of ['%', '127.0.0.1'])
        await fixture.sql(`ALTER USER 'dual'@'${host}' ${by('old')} RETAIN CURRENT PASSWORD`)
      expect([await answer('dual', 'older'), await answer('dual', 'old')]).toEqual([
        'accepted',
        'accepted',
      ])
      await using session = await asAdmin()
      for (let round = 0; round < 2; round += 1) {
        await session.setPassword('dual', secret('new'), soon())
        expect(await answer('dual', 'new')).toBe('accepted')
        expect(await answer('dual', 'old')).toBe('denied')
        expect(await answer('dual', 'older')).toBe('denied')
        expect(await secondPasswords('dual')).toEqual([null, null])
      }
    })

    test('changes nothing else of any host entry', async () => {
      const settings: Readonly<Record<string, string>> = {
        '%': "REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 500 COMMENT 'payroll'",
        '127.0.0.1':
          "REQUIRE CIPHER 'TLS_AES_256_GCM_SHA384' WITH MAX_USER_CONNECTIONS 7" +
          ' PASSWORD EXPIRE INTERVAL 30 DAY FAILED_LOGIN_ATTEMPTS 4 PASSWORD_LOCK_TIME 2',
        '10.%': `REQUIRE ISSUER '/CN=it''s "a" CA' AND SUBJECT '/CN=b\\c' PASSWORD EXPIRE NEVER`,
        'h.example': 'PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL 3 DAY PASSWORD REQUIRE CURRENT',
      }
      const hosts = Object.keys(settings)
      for (const host of hosts)
        await fixture.sql(
          `CREATE USER ${quoteAccount({ user: 'many', host })} ${by('old')} ${settings[host]}`,
        )
      const before = await Promise.all(hosts.map((host) => definitionOf('many', host)))
      await using session = await asAdmin()
      await session.setPassword('many', secret('new'), soon())
      const after = await Promise.all(hosts.map((host) => definitionOf('many', host)))
      expect(after).toEqual(before)
      await session.quarantine('many', true, soon())
      const locked = await Promise.all(hosts.map((host) => definitionOf('many', host)))
      expect(locked.every((text) => text.includes('ACCOUNT LOCK'))).toBe(true)
      await session.quarantine('many', false, soon())
      expect(await Promise.all(hosts.map((host) => definitionOf('many', host)))).toEqual(before)
    })

    test('reaches the narrower of two host entries, which is the one that logs in', async () => {
      await fixture.sql(`CREATE USER 'near'@'%' ${by('old')}, 'near'@'127.0.0.1' ${by('old')}`)
      await using session = await asAdmin()
      await session.setPassword('near', secret('new'), soon())
      expect(await answer('near', 'new')).toBe('accepted')
      expect(await answer('near', 'old')).toBe('denied')
    })

    test('keeps the plugin sha256_password', async () => {
      await fixture.sql("CREATE USER 'sha'@'%' IDENTIFIED WITH sha256_password BY 'old'")
      await using session = await asAdmin()
      await session.setPassword('sha', secret('new'), soon())
      expect(await answer('sha', 'new')).toBe('accepted')
      expect(await definitionOf('sha', '%')).toContain("WITH 'sha256_password'")
    })

    test('stands in no log of the server in clear', async () => {
      const canary = 'canary-4711-in-no-log'
      await fixture.sql(`CREATE USER 'logged'@'%' ${by('old')}`)
      const logs = await logsDuring(fixture, ALTERED, async () => {
        await using session = await asAdmin()
        await session.setPassword('logged', secret(canary), soon())
      })
      expect(await answer('logged', canary)).toBe('accepted')
      expect(logs.some((log) => log.includes(canary))).toBe(false)
    })

    test('is refused while the server writes statements to its log as they come', async () => {
      await fixture.sql('SET GLOBAL log_raw = 1')
      const opened = asAdmin()
      const error: unknown = await opened.catch((reason: unknown) => reason)
      await fixture.sql('SET GLOBAL log_raw = 0')
      expect(error).toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining('log_raw') },
      })
    })

    test.for([['socketed', 'IDENTIFIED WITH auth_socket']] as const)(
      'refuses the user %s who logs in by another plugin',
      async ([user, clause]) => {
        await fixture.sql("INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'")
        await fixture.sql(`CREATE USER '${user}'@'%' ${clause}`)
        const before = await definitionOf(user, '%')
        await using session = await asAdmin()
        const refused = { code: 'ERR_DB_UNSUPPORTED' }
        await expect(session.setPassword(user, secret('new'), soon())).rejects.toMatchObject({
          ...refused,
          details: { problem: expect.stringContaining('auth_socket') },
        })
        expect(await definitionOf(user, '%')).toBe(before)
        for (const [reference, made] of [
          [user, 'made'],
          [fixture.admin.username, user],
        ] as const) {
          await expect(session.compareUsers(reference, made, soon())).rejects.toMatchObject(refused)
          await expect(session.provision(reference, made, soon())).rejects.toMatchObject(refused)
        }
      },
    )

    test('of its own is open to a user with APPLICATION_PASSWORD_ADMIN only', async () => {
      await fixture.sql(`CREATE USER 'lonely'@'%' ${by('older')} REQUIRE SSL`)
      await fixture.sql(`ALTER USER 'lonely'@'%' ${by('old')} RETAIN CURRENT PASSWORD`)
      await using session = await asAdmin(credential('lonely', 'old'))
      const denied = { code: 'ERR_DB_DENIED' }
      await expect(session.setPassword('lonely', secret('new'), soon())).rejects.toMatchObject({
        ...denied,
        details: { operation: expect.stringContaining('APPLICATION_PASSWORD_ADMIN') },
      })
      expect(await answer('lonely', 'old')).toBe('accepted')
      await fixture.sql("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO 'lonely'@'%'")
      await using again = await asAdmin(credential('lonely', 'old'))
      await again.setPassword('lonely', secret('new'), soon())
      expect(await answer('lonely', 'new')).toBe('accepted')
      expect(await secondPasswords('lonely')).toEqual([null])
      const other = again.setPassword(fixture.admin.username, secret('new'), soon())
      await expect(other).rejects.toMatchObject(denied)
    })
  })

  describe('logging in', () => {
    test('with an expired password is denied', async () => {
      await fixture.sql(`CREATE USER 'expired'@'%' ${by('old')} PASSWORD EXPIRE`)
      expect(await answer('expired', 'old')).toBe('denied')
      const refused = { code: 'ERR_DB_AUTH' }
      await expect(asAdmin(credential('expired', 'old'))).rejects.toMatchObject(refused)
    })

    test('to a locked account with a wrong password is a wrong password', async () => {
      await fixture.sql(`CREATE USER 'shut'@'%' ${by('right')} ACCOUNT LOCK`)
      await using session = await asAdmin()
      const before = (await session.lockedLogins(soon())) ?? 0
      expect(await answer('shut', 'wrong')).toBe('denied')
      expect(await answer('shut', 'right')).toBe('locked')
      expect(await session.lockedLogins(soon())).toBe(before + 1)
    })

    test('after too many failed logins is neither denied nor locked', async () => {
      const attempts = 'FAILED_LOGIN_ATTEMPTS 2 PASSWORD_LOCK_TIME 1'
      await fixture.sql(`CREATE USER 'blocked'@'%' ${by('right')} ${attempts}`)
      expect(await answer('blocked', 'wrong')).toBe('denied')
      for (const password of ['wrong', 'right'])
        await expect(answer('blocked', password)).rejects.toMatchObject({
          code: 'ERR_DB_UNSUPPORTED',
          details: { problem: expect.stringContaining('FAILED_LOGIN_ATTEMPTS') },
        })
      await using session = await asAdmin()
      await session.setPassword('blocked', secret('new'), soon())
      expect(await answer('blocked', 'new')).toBe('accepted')
    })

    test('to a database without rights there, or to none, is no wrong password', async () => {
      await fixture.sql(`CREATE USER 'outsider'@'%' ${by('pw')}`)
      const login = db.login(credential('outsider', 'pw'), endpoint(), soon())
      await expect(login).rejects.toMatchObject({ code: 'ERR_DB_DENIED' })
      const root = { ...fixture.server.root, dbname: 'no-such-database' }
      const missing = { code: 'ERR_DB_STATEMENT', details: { sqlstate: '42000' } }
      await expect(db.login(root, endpoint(), soon())).rejects.toMatchObject(missing)
    })

    test('in clear to a server that wants TLS is a matter of TLS', async () => {
      const off = fixture.database({ endpoints: [fixture.endpoint], tls: { mode: 'off' } })
      const login = off.login(fixture.admin, endpoint(), soon())
      await expect(login).rejects.toMatchObject({ code: 'ERR_DB_TLS' })
    })

    test('takes plaintext on loopback where the config says so', async () => {
      await using plain = await fixture.plaintextServer()
      const off = fixture.database({ endpoints: [plain.endpoint], tls: { mode: 'off' } })
      const login = off.login(credential('nobody', 'x'), off.endpoints[0]!, soon())
      expect(await login).toBe('denied')
    })
  })

  test('changes nothing on a read-only server, whatever the admin may do there', async () => {
    await fixture.sql(`CREATE USER 'frozen'@'%' ${by('old')}`)
    await using privilege = await fixture.letEndSessions()
    await using session = await asAdmin()
    await fixture.sql('SET GLOBAL read_only = 1')
    const change = session.setPassword('frozen', secret('new'), soon())
    const error: unknown = await change.catch((reason: unknown) => reason)
    await fixture.sql('SET GLOBAL read_only = 0')
    expect([privilege, error]).toMatchObject([{}, { code: 'ERR_DB_READ_ONLY' }])
    expect(await answer('frozen', 'old')).toBe('accepted')
  })

  test.for([
    ['FLUSH TABLES WITH READ LOCK', 'UNLOCK TABLES'],
    ['LOCK INSTANCE FOR BACKUP', 'UNLOCK INSTANCE'],
  ] as const)('leaves no statement waiting behind %s', async ([lock, unlock], context) => {
    const user = `backed-up ${context.task.id}`
    await fixture.sql(`CREATE USER '${user}'@'%' ${by('old')}`)
    await using session = await asAdmin()
    await fixture.sql(lock)
    const change = session.setPassword(user, secret('new'), soon())
    const error: unknown = await change.catch((reason: unknown) => reason)
    await fixture.sql(unlock)
    expect(error).toMatchObject({ code: 'ERR_DB_BUSY' })
    expect(await answer(user, 'old')).toBe('accepted')
  })

  test('does not take its own sessions for all when PROCESS is missing', async () => {
    await fixture.sql(`CREATE USER 'blind'@'%' ${by('pw')}`)
    await using session = await asAdmin(credential('blind', 'pw'))
    const denied = { code: 'ERR_DB_DENIED' }
    await expect(session.sessions(['anybody'], soon())).rejects.toMatchObject(denied)
  })
})

describe.skipIf(MYSQL_HERE === undefined)('MySQL without performance_schema', () => {
  test('lists sessions and names a lock’s holder by user and address', async () => {
    await using fixture = await mysqlFixture({ performanceSchema: false })
    const tls = { mode: 'verify', ca: fixture.ca } as const
    const db = fixture.database({ endpoints: [fixture.endpoint], tls })
    const options = { target: 'held', lock: 'take', holder: 'alice' } as const
    await using first = await db.admin(fixture.admin, options, soon())
    await using second = await db.admin(fixture.admin, options, soon())
    expect(first.lock.kind).toBe('own')
    expect(second.lock).toMatchObject({
      by: expect.stringMatching(/^user cuedot_admin from 127\.0\.0\.1:\d+, idle for \d+ s/),
    })
    const seen = await first.sessions([fixture.admin.username], soon())
    expect(seen).toMatchObject([{ client: '127.0.0.1', application: '' }])
  })
})
