import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Credential } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mariadbDatabase } from '../src/adapters/mysql/mariadb/database.ts'
import { nativeHash, quoteAccount } from '../src/adapters/mysql/protocol/sql.ts'
import type { AdminSession, Database } from '../src/ports/database.ts'
import { mariadbFixture, secret, soon, via } from './mariadb-fixture.ts'
import type { MariadbFixture } from './mariadb-fixture.ts'

describe('MariaDB', () => {
  let fixture: MariadbFixture
  let db: Database
  beforeAll(async () => {
    fixture = await mariadbFixture({ performanceSchema: false })
    db = database()
  })
  afterAll(async () => await fixture[Symbol.asyncDispose]())

  const endpoint = (): string => db.endpoints[0]!
  const database = (): Database =>
    fixture.database({ endpoints: [fixture.endpoint], tls: { mode: 'verify', ca: fixture.ca } })
  const credential = (username: string, password: string): Credential => ({
    ...fixture.admin,
    username,
    password: secret(password),
  })
  const asAdmin = async (who: Credential = fixture.admin): Promise<AdminSession> =>
    await db.admin(who, { target: 'extra', lock: 'look', holder: 'test' }, soon())
  const accountOf = async (user: string, host: string): Promise<string> => {
    const [row] = await fixture.sql(`SHOW CREATE USER ${quoteAccount({ user, host })}`)
    return String(row?.[0])
  }

  describe('setting a password', () => {
    test.for(['', 'abc', 'ünïcødé 🔑', 'x'.repeat(300)])(
      'hashes %j as the server does',
      async (text) => {
        const [row] = await fixture.sql('SELECT PASSWORD(?)', [text])
        if (text === '') expect(row?.[0]).toBe('')
        else expect(nativeHash(secret(text))).toBe(row?.[0])
      },
    )

    test('changes nothing else of any host entry', async () => {
      const settings: Readonly<Record<string, string>> = {
        '%': 'REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 500 MAX_STATEMENT_TIME 1.5',
        '127.0.0.1':
          "REQUIRE CIPHER 'TLS_AES_256_GCM_SHA384' WITH MAX_USER_CONNECTIONS 7" +
          ' PASSWORD EXPIRE INTERVAL 30 DAY',
        '10.%': `REQUIRE ISSUER '/CN=it''s "a" CA' AND SUBJECT '/CN=b\\c' PASSWORD EXPIRE NEVER`,
      }
      const hosts = Object.keys(settings)
      for (const host of hosts)
        await fixture.sql(
          `CREATE USER ${quoteAccount({ user: 'many', host })} ${via('old')} ${settings[host]}`,
        )
      const before = await Promise.all(hosts.map((host) => accountOf('many', host)))
      await using session = await asAdmin()
      await session.setPassword('many', secret('new'), soon())
      const after = await Promise.all(hosts.map((host) => accountOf('many', host)))
      const [old, next] = [nativeHash(secret('old')), nativeHash(secret('new'))]
      expect(after).toEqual(before.map((text) => text.replace(old, next)))
      await session.quarantine('many', true, soon())
      const locked = await Promise.all(hosts.map((host) => accountOf('many', host)))
      expect(locked.every((text) => text.includes('ACCOUNT LOCK'))).toBe(true)
      await session.quarantine('many', false, soon())
      expect(await Promise.all(hosts.map((host) => accountOf('many', host)))).toEqual(after)
    })

    test('reaches the narrower of two host entries, which is the one that logs in', async () => {
      await fixture.sql(`CREATE USER 'near'@'%' ${via('old')}, 'near'@'127.0.0.1' ${via('old')}`)
      await fixture.sql("GRANT SELECT ON openemr.* TO 'near'@'127.0.0.1'")
      await using session = await asAdmin()
      await session.setPassword('near', secret('new'), soon())
      expect(await db.login(credential('near', 'new'), endpoint(), soon())).toBe('accepted')
      expect(await db.login(credential('near', 'old'), endpoint(), soon())).toBe('denied')
    })

    test.for([
      ['plugged', 'VIA unix_socket', 'unix_socket'],
      [
        'chained',
        `VIA unix_socket OR mysql_native_password USING '*${'A'.repeat(40)}'`,
        'unix_socket',
      ],
    ] as const)('refuses the user %j who logs in %s', async ([user, chain, named]) => {
      await fixture.sql(`CREATE USER '${user}'@'%' IDENTIFIED ${chain}`)
      const before = await accountOf(user, '%')
      await using session = await asAdmin()
      await expect(session.setPassword(user, secret('new'), soon())).rejects.toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining(named) },
      })
      expect(await accountOf(user, '%')).toBe(before)
      for (const [reference, made] of [
        [user, 'made'],
        [fixture.admin.username, user],
      ] as const) {
        const refused = { code: 'ERR_DB_UNSUPPORTED' }
        await expect(session.compareUsers(reference, made, soon())).rejects.toMatchObject(refused)
        await expect(session.provision(reference, made, soon())).rejects.toMatchObject(refused)
      }
    })

    test('lets a user without privileges change its own password and nobody else’s', async () => {
      await fixture.sql(`CREATE USER 'lonely'@'%' ${via('old')} REQUIRE SSL`)
      await using session = await asAdmin(credential('lonely', 'old'))
      await session.setPassword('lonely', secret('new'), soon())
      const login = { ...credential('lonely', 'new'), dbname: 'information_schema' }
      expect(await db.login(login, endpoint(), soon())).toBe('accepted')
      await expect(
        session.setPassword(fixture.admin.username, secret('new'), soon()),
      ).rejects.toMatchObject({ code: 'ERR_DB_DENIED' })
    })
  })

  describe('a change of the own password', () => {
    const change = (user: string, from: string, to: string): Promise<void> =>
      db.changeOwnPassword(credential(user, from), secret(to), soon())
    const answer = (user: string, password: string): Promise<string> => {
      const who = { ...credential(user, password), dbname: 'information_schema' }
      return db.login(who, endpoint(), soon())
    }

    test('concerns the host entry that the login matched, whatever the user may do', async () => {
      await fixture.sql(`CREATE USER 'self'@'%' ${via('old')}, 'self'@'127.0.0.1' ${via('old')}`)
      await fixture.sql("GRANT ALL ON *.* TO 'self'@'%'")
      await fixture.sql("GRANT ALL ON *.* TO 'self'@'127.0.0.1'")
      await change('self', 'old', 'new')
      expect(await accountOf('self', '%')).toContain(nativeHash(secret('old')))
      expect(await accountOf('self', '127.0.0.1')).toContain(nativeHash(secret('new')))
    })

    test('changes nothing else of the account', async () => {
      const settings = 'REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 500 PASSWORD EXPIRE INTERVAL 30 DAY'
      await fixture.sql(`CREATE USER 'settled'@'%' ${via('old')} ${settings}`)
      const before = await accountOf('settled', '%')
      await change('settled', 'old', 'new')
      const [old, next] = [nativeHash(secret('old')), nativeHash(secret('new'))]
      expect(await accountOf('settled', '%')).toBe(before.replace(old, next))
    })

    test('is refused where either of two passwords lets the user in', async () => {
      const two = ['old', 'other'].map((text) => via(text).replace('IDENTIFIED VIA ', ''))
      await fixture.sql(`CREATE USER 'double'@'%' IDENTIFIED VIA ${two.join(' OR ')}`)
      await expect(change('double', 'old', 'new')).rejects.toMatchObject({
        code: 'ERR_DB_UNSUPPORTED',
        details: { problem: expect.stringContaining('mysql_native_password alone') },
      })
      expect(await answer('double', 'old')).toBe('accepted')
      expect(await answer('double', 'new')).toBe('denied')
    })

    test('may have happened where it is not waited for behind the lock of a backup', async () => {
      await fixture.sql(`CREATE USER 'awaited'@'%' ${via('old')}`)
      await fixture.sql('FLUSH TABLES WITH READ LOCK')
      const patience = new AbortController()
      const late = db.changeOwnPassword(credential('awaited', 'old'), secret('new'), patience)
      const outcome = late.catch((error: unknown) => error)
      const waiting =
        'SELECT 1 FROM information_schema.PROCESSLIST' +
        " WHERE USER = 'awaited' AND STATE LIKE 'Waiting for%'"
      await expect.poll(() => fixture.sql(waiting), { timeout: 10_000 }).toHaveLength(1)
      patience.abort()
      expect(await outcome).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })
      await fixture.sql('UNLOCK TABLES')
    })

    test('is refused by a read-only server', async () => {
      await fixture.sql(`CREATE USER 'chilled'@'%' ${via('old')}`)
      await fixture.sql('SET GLOBAL read_only = 1')
      const error: unknown = await change('chilled', 'old', 'new').catch((each: unknown) => each)
      await fixture.sql('SET GLOBAL read_only = 0')
      expect(error).toMatchObject({ code: 'ERR_DB_READ_ONLY', retry: 'safe' })
      expect(await answer('chilled', 'old')).toBe('accepted')
    })
  })

  describe('logging in', () => {
    test('with an expired password is denied', async () => {
      await fixture.sql(`CREATE USER 'expired'@'%' ${via('old')} PASSWORD EXPIRE`)
      const login = { ...credential('expired', 'old'), dbname: 'information_schema' }
      expect(await db.login(login, endpoint(), soon())).toBe('denied')
      await expect(asAdmin(credential('expired', 'old'))).rejects.toMatchObject({
        code: 'ERR_DB_AUTH',
      })
    })

    test('to a database without rights there, or to none, is no wrong password', async () => {
      await fixture.sql(`CREATE USER 'outsider'@'%' ${via('pw')}`)
      const outsider = credential('outsider', 'pw')
      await expect(db.login(outsider, endpoint(), soon())).rejects.toMatchObject({
        code: 'ERR_DB_DENIED',
      })
      const root = { ...fixture.server.root, dbname: 'no-such-database' }
      await expect(db.login(root, endpoint(), soon())).rejects.toMatchObject({
        code: 'ERR_DB_STATEMENT',
        details: { sqlstate: '42000' },
      })
    })

    test('takes the database of the target where the credential names none', async () => {
      const named = mariadbDatabase({
        endpoints: [fixture.endpoint],
        dbname: 'no-such-database',
        tls: { mode: 'verify', ca: fixture.ca },
      })
      const login = named.login({ ...fixture.server.root, dbname: '' }, endpoint(), soon())
      await expect(login).rejects.toMatchObject({ code: 'ERR_DB_STATEMENT' })
    })
  })

  test('does not wait for a server that greets and lets nobody in', async () => {
    await using mute = await greetingOnly(fixture.endpoint.port)
    const endpoints = [{ host: '127.0.0.1', port: mute.port }]
    const limited = mariadbDatabase({
      ...{ endpoints, dbname: '', connectTimeoutMs: 300 },
      tls: { mode: 'verify', ca: fixture.ca },
    })
    const call = { signal: AbortSignal.timeout(20_000) }
    const login = limited.login(fixture.admin, limited.endpoints[0]!, call)
    await expect(login).rejects.toMatchObject({ code: 'ERR_DB_UNREACHABLE' })
    expect(call.signal.aborted).toBe(false)
  })

  test('says that a read-only server cannot take a password', async () => {
    await fixture.sql(`CREATE USER 'frozen'@'%' ${via('old')}`)
    await using session = await asAdmin()
    await fixture.sql('SET GLOBAL read_only = 1')
    const change = session.setPassword('frozen', secret('new'), soon())
    const error: unknown = await change.catch((reason: unknown) => reason)
    await fixture.sql('SET GLOBAL read_only = 0')
    expect(error).toMatchObject({ code: 'ERR_DB_READ_ONLY', retry: 'safe' })
  })

  test('leaves no statement waiting on the server behind the lock of a backup', async () => {
    await fixture.sql(`CREATE USER 'backed-up'@'%' ${via('old')}`)
    await fixture.sql("GRANT SELECT ON openemr.* TO 'backed-up'@'%'")
    await using session = await asAdmin()
    await fixture.sql('FLUSH TABLES WITH READ LOCK')
    const change = session.setPassword('backed-up', secret('new'), soon())
    const error: unknown = await change.catch((reason: unknown) => reason)
    await fixture.sql('UNLOCK TABLES')
    expect(error).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })
    expect(await db.login(credential('backed-up', 'old'), endpoint(), soon())).toBe('accepted')
  })

  test('takes plaintext on loopback where the config says so', async () => {
    await using plain = await fixture.plaintextServer()
    const off = fixture.database({ endpoints: [plain.endpoint], tls: { mode: 'off' } })
    const answer = await off.login(credential('nobody', 'x'), off.endpoints[0]!, soon())
    expect(answer).toBe('denied')
  })

  test('does not take its own sessions for all when PROCESS is missing', async () => {
    await fixture.sql(`CREATE USER 'blind'@'%' ${via('pw')}`)
    await using session = await asAdmin(credential('blind', 'pw'))
    await expect(session.sessions(['anybody'], soon())).rejects.toMatchObject({
      code: 'ERR_DB_DENIED',
    })
  })

  test('names a lock’s holder by user and address where performance_schema is off', async () => {
    const options = { target: 'held', lock: 'take', holder: 'alice' } as const
    await using first = await db.admin(fixture.admin, options, soon())
    await using second = await db.admin(fixture.admin, options, soon())
    expect(first.lock.kind).toBe('own')
    expect(second.lock).toMatchObject({
      by: expect.stringMatching(/^user cuedot_admin from 127\.0\.0\.1:\d+, idle for \d+ s/),
    })
  })
})

/** Passes on the first thing that the server says, and nothing after it. */
async function greetingOnly(target: number): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    upstream.once('data', (chunk) => client.write(chunk))
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    client.once('close', () => upstream.destroy())
    // Who does not read does not notice that the other side has gone.
    client.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
