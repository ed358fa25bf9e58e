import { describe, expect, test } from 'vitest'
import { startFaultProxy } from '../fault-proxy.ts'
import { codeOf, soon, within, writer } from './database-fixture.ts'
import type { Suite } from './database-fixture.ts'

/** The admin session: its login, its lock, and what it sees of other sessions. */
export function sessionTests(get: () => Suite): void {
  describe('admin session', () => {
    logins(get)
    locks(get)
    looks(get)
  })
}

function logins(get: () => Suite): void {
  test('says that the credential of the admin was refused', async () => {
    const { db, fixture, canary } = get()
    const wrong = { ...fixture.admin, password: canary() }
    const options = { target: 'auth', lock: 'take', holder: 'suite' } as const
    expect(await codeOf(db.admin(wrong, options, soon()))).toBe('ERR_DB_AUTH')
  })

  test('is not opened on a server that never answers', async () => {
    const { at, fixture } = get()
    await using proxy = await startFaultProxy(fixture.endpoint)
    proxy.mode = 'blackhole'
    const options = { target: 'blackhole', lock: 'take', holder: 'suite' } as const
    const opening = at(proxy.port).admin(fixture.admin, options, within(200))
    expect(await codeOf(opening)).toBe('ERR_DB_UNREACHABLE')
  })
}

function locks(get: () => Suite): void {
  test('takes the lock, and a second session is told who holds it', async () => {
    const { admin, fixture } = get()
    const target = 'lock taken'
    await using first = await admin({ target, holder: 'alice@laptop' })
    expect(first.lock).toEqual({ kind: 'own' })
    await using second = await admin({ target })
    expect(second.lock.kind).toBe('held')
    const by = second.lock.kind === 'held' ? second.lock.by : ''
    expect(by).toContain('127.0.0.1')
    if (fixture.showsApplication) expect(by).toContain('alice@laptop')
  })

  test('keeps the locks of two targets apart', async () => {
    const { admin } = get()
    await using first = await admin({ target: 'lock one' })
    await using second = await admin({ target: 'lock two' })
    expect([first.lock.kind, second.lock.kind]).toEqual(['own', 'own'])
  })

  test('only looks at the lock when asked to look', async () => {
    const { admin } = get()
    const target = 'lock looked at'
    await using looking = await admin({ target, lock: 'look' })
    expect(looking.lock).toEqual({ kind: 'free' })
    await using taking = await admin({ target })
    expect(taking.lock.kind).toBe('own')
    await using again = await admin({ target, lock: 'look' })
    expect(again.lock.kind).toBe('held')
  })

  test('gives the lock back when it is closed', async () => {
    const { admin } = get()
    const target = 'lock given back'
    for (let round = 0; round < 5; round += 1) {
      await using session = await admin({ target })
      expect(session.lock.kind).toBe('own')
    }
  })

  test('loses the lock when the server ends its connection, and says so', async () => {
    const { admin, fixture } = get()
    const target = 'lock lost'
    await using killed = await admin({ target })
    await fixture.killSessions(fixture.admin.username)
    const free = async (): Promise<string> => {
      await using next = await admin({ target })
      return next.lock.kind
    }
    await expect.poll(free, { timeout: 10_000 }).toBe('own')
    const gone = await codeOf(killed.sessions([fixture.admin.username], soon()))
    expect(['ERR_DB_UNREACHABLE', 'ERR_OUTCOME_UNKNOWN']).toContain(gone)
    expect(await codeOf(killed.sessions([fixture.admin.username], soon()))).toBe(
      'ERR_DB_UNREACHABLE',
    )
  })
}

function looks(get: () => Suite): void {
  test('lists the sessions of the named users with application and address', async () => {
    const { admin, application, fixture, db } = get()
    const user = await application('seen')
    const other = await application('seen too')
    await using session = await admin()
    const names = [user.username, other.username]
    expect(await session.sessions(names, soon())).toEqual([])
    await using open = await fixture.openSession(user, 'billing worker')
    await open.work()
    const [seen, ...more] = await session.sessions(names, soon())
    expect(more).toEqual([])
    expect(seen).toMatchObject({ username: user.username, endpoint: writer(db) })
    expect(seen?.client).toContain('127.0.0.1')
    if (fixture.showsApplication) expect(seen?.application).toBe('billing worker')
    expect(await session.sessions([other.username], soon())).toEqual([])
  })

  test('does not list itself, but does list another session of its own user', async () => {
    const { admin, fixture } = get()
    await using session = await admin()
    expect(await session.sessions([fixture.admin.username], soon())).toEqual([])
    await using open = await fixture.openSession(fixture.admin, 'somebody else')
    await open.work()
    expect(await session.sessions([fixture.admin.username], soon())).toHaveLength(1)
  })

  test('looks on every endpoint', async () => {
    const { admin, application, fixture } = get()
    await using proxy = await startFaultProxy(fixture.endpoint)
    const reader = { host: '127.0.0.1', port: proxy.port }
    const db = fixture.database({
      endpoints: [fixture.endpoint, reader],
      tls: { mode: 'verify', ca: fixture.ca },
    })
    const user = await application('seen everywhere')
    await using session = await admin({ db })
    await using open = await fixture.openSession(user, 'app')
    await open.work()
    const seen = await session.sessions([user.username, fixture.admin.username], soon())
    expect(seen.map(({ endpoint }) => endpoint)).toEqual([...db.endpoints])
    proxy.mode = 'refuse'
    proxy.cut()
    const lost = await codeOf(session.sessions([user.username], soon()))
    expect(['ERR_DB_UNREACHABLE', 'ERR_OUTCOME_UNKNOWN']).toContain(lost)
  })
}
