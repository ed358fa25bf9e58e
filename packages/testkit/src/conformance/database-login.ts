import { describe, expect, test } from 'vitest'
import { startFaultProxy } from '../fault-proxy.ts'
import { freePort } from '../servers/ports.ts'
import { codeOf, soon, within, writer } from './database-fixture.ts'
import type { Suite } from './database-fixture.ts'

/** Logging in: what the server answers, and what is not an answer. */
export function loginTests(get: () => Suite): void {
  describe('login', () => {
    answers(get)
    troubles(get)
    tlsTests(get)
  })
}

function answers(get: () => Suite): void {
  test('accepts the right password and denies another', async () => {
    const { db, application, credential, canary } = get()
    const user = await application('login-answers')
    expect(await db.login(user, writer(db), soon())).toBe('accepted')
    const wrong = credential(user.username, canary())
    expect(await db.login(wrong, writer(db), soon())).toBe('denied')
  })

  test('denies a user that does not exist', async () => {
    const { db, credential, canary } = get()
    expect(await db.login(credential('login-nobody', canary()), writer(db), soon())).toBe('denied')
  })

  test('goes to the endpoint and not to the host in the credential', async () => {
    const { db, application } = get()
    const user = { ...(await application('login-endpoint')), host: 'elsewhere.invalid', port: 1 }
    expect(await db.login(user, writer(db), soon())).toBe('accepted')
  })

  test('says that a quarantined user is locked', async () => {
    const { db, admin, application } = get()
    const user = await application('login-locked')
    await using session = await admin()
    await session.quarantine(user.username, true, soon())
    expect(await db.login(user, writer(db), soon())).toBe('locked')
  })
}

function troubles(get: () => Suite): void {
  test('says that a closed port is unreachable', async () => {
    const { at, fixture } = get()
    const db = at(await freePort())
    expect(await codeOf(db.login(fixture.admin, writer(db), soon()))).toBe('ERR_DB_UNREACHABLE')
  })

  test('says that a host name nobody knows is unreachable', async () => {
    const { fixture } = get()
    const db = fixture.database({
      endpoints: [{ host: 'db.invalid', port: 1 }],
      tls: { mode: 'verify' },
    })
    expect(await codeOf(db.login(fixture.admin, writer(db), soon()))).toBe('ERR_DB_UNREACHABLE')
  })

  test('stops waiting for a server that never answers when the deadline passes', async () => {
    const { at, fixture } = get()
    await using proxy = await startFaultProxy(fixture.endpoint)
    proxy.mode = 'blackhole'
    const db = at(proxy.port)
    const login = db.login(fixture.admin, writer(db), within(200))
    expect(await codeOf(login)).toBe('ERR_DB_UNREACHABLE')
  })

  test.for(['refuse', 'reset'] as const)(
    'says that a server which answers with %s is unreachable',
    async (mode) => {
      const { at, fixture } = get()
      await using proxy = await startFaultProxy(fixture.endpoint)
      proxy.mode = mode
      const db = at(proxy.port)
      expect(await codeOf(db.login(fixture.admin, writer(db), soon()))).toBe('ERR_DB_UNREACHABLE')
    },
  )

  test('says that a server without room is overloaded, not that the login is wrong', async () => {
    const { db, fixture, admin, application } = get()
    const user = await application('login-overload')
    await using taken = await fixture.exhaust()
    expect(taken).toBeDefined()
    expect(await codeOf(db.login(user, writer(db), soon()))).toBe('ERR_DB_OVERLOADED')
    expect(await codeOf(admin())).toBe('ERR_DB_OVERLOADED')
  })
}

function tlsTests(get: () => Suite): void {
  test('refuses a certificate of a CA that is not trusted', async () => {
    const { fixture } = get()
    for (const tls of [{ ca: fixture.untrustedCa }, {}]) {
      const db = fixture.database({
        endpoints: [fixture.endpoint],
        tls: { mode: 'verify', ...tls },
      })
      expect(await codeOf(db.login(fixture.admin, writer(db), soon()))).toBe('ERR_DB_TLS')
    }
  })

  test('refuses a certificate for another name', async () => {
    const { fixture } = get()
    const db = fixture.database({
      endpoints: [fixture.endpoint],
      tls: { mode: 'verify', ca: fixture.ca, serverName: 'db.example.com' },
    })
    expect(await codeOf(db.login(fixture.admin, writer(db), soon()))).toBe('ERR_DB_TLS')
  })

  test('refuses a certificate that does not name the address it was reached at', async () => {
    const { fixture } = get()
    await using proxy = await startFaultProxy(fixture.endpoint, '127.0.0.2')
    const db = fixture.database({
      endpoints: [{ host: proxy.host, port: proxy.port }],
      tls: { mode: 'verify', ca: fixture.ca },
    })
    expect(await codeOf(db.login(fixture.admin, writer(db), soon()))).toBe('ERR_DB_TLS')
  })

  test('reaches the server by name as well as by address', async () => {
    const { fixture, db } = get()
    const byName = fixture.database({
      endpoints: [{ ...fixture.endpoint, host: 'localhost' }],
      tls: { mode: 'verify', ca: fixture.ca },
    })
    expect(await byName.login(fixture.admin, writer(byName), soon())).toBe('accepted')
    expect(await db.login(fixture.admin, writer(db), soon())).toBe('accepted')
  })

  test('refuses a server without TLS', async () => {
    const { at, fixture } = get()
    await using server = await fixture.plaintextServer()
    const db = at(server.endpoint.port)
    expect(await codeOf(db.login(fixture.admin, writer(db), soon()))).toBe('ERR_DB_TLS')
  })
}
