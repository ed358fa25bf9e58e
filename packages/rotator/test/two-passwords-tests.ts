import { expect, test } from 'vitest'
import type { Suite } from '../../testkit/src/conformance/database-fixture.ts'
import type { MysqlServer } from '../../testkit/src/servers/mysql.ts'
import { lockName } from '../src/adapters/mysql/protocol/lock.ts'
import type { UserPasswords } from '../src/ports/database.ts'
import { secret, soon } from './mysql-protocol-fixture.ts'
import type { ProtocolFixture } from './mysql-protocol-fixture.ts'

/** What an entry of the user table accepts before a change; besides `kept` it is `stale`. */
export type Before = 'kept alone' | 'kept first' | 'kept second'

/** A running server of MySQL's protocol with the shorthands of its tests. */
export interface TwoPasswords {
  readonly fixture: Omit<ProtocolFixture<MysqlServer>, 'server'>
  readonly suite: Suite
  /** What the server says to each of these passwords, one after the other. */
  answers(user: string, ...passwords: readonly string[]): Promise<readonly string[]>
  /** Makes an entry of the user table; `more` are its settings. */
  create(user: string, host: string, before: Before, more?: string): Promise<void>
}

/** The passwords that most tests set. */
export const CHANGE: Required<UserPasswords> = { kept: secret('kept'), added: secret('added') }

/** Every user may use it. */
const ANYWHERE = 'information_schema'

/** The shorthands on one engine, whose way to make an entry is `create`. */
export function twoPasswords(
  fixture: TwoPasswords['fixture'],
  suite: Suite,
  create: TwoPasswords['create'],
): TwoPasswords {
  return {
    fixture,
    suite,
    create,
    async answers(user, ...passwords) {
      const { db } = suite
      const found: string[] = []
      for (const password of passwords) {
        const login = { ...suite.credential(user, secret(password)), dbname: ANYWHERE }
        found.push(await db.login(login, db.endpoints[0] ?? '', soon()))
      }
      return found
    },
  }
}

/** What both engines must do alike, each in its own way. */
export function twoPasswordsTests(get: () => TwoPasswords): void {
  test.for([
    ['kept alone', 'kept first'],
    ['kept first', 'kept alone'],
    ['kept second', 'kept alone'],
    ['kept alone', 'kept second'],
    ['kept second', 'kept first'],
  ] as const)('reach each host entry: %s there, %s here', async ([wide, near], context) => {
    const user = `spread ${context.task.id}`
    await get().create(user, '%', wide)
    await get().create(user, '127.0.0.1', near)
    await using session = await get().suite.admin()
    for (let time = 0; time < 2; time += 1) await session.setPasswords(user, CHANGE, soon())
    const now = ['accepted', 'accepted', 'denied']
    expect(await get().answers(user, 'kept', 'added', 'stale')).toEqual(now)
    // The server takes the narrowest entry that fits; without it, the other one answers.
    await get().fixture.sql(`RENAME USER '${user}'@'127.0.0.1' TO '${user}'@'10.0.0.1'`)
    expect(await get().answers(user, 'kept', 'added', 'stale')).toEqual(now)
    await session.setPasswords(user, { kept: CHANGE.added }, soon())
    expect(await get().answers(user, 'kept', 'added', 'stale')).toEqual([
      'denied',
      'accepted',
      'denied',
    ])
    expect(await session.hasSecondPassword(user, soon())).toBe('nowhere')
  })

  test('are added behind the lock until the server is through, whoever died', async () => {
    await get().create('fenced', '%', 'kept alone')
    const first = await get().suite.admin({ target: 'fence' })
    const leaving = new AbortController()
    await get().fixture.sql('FLUSH TABLES WITH READ LOCK')
    const changing = first.setPasswords('fenced', CHANGE, { signal: leaving.signal })
    const outcome = changing.catch((reason: unknown) => reason)
    const [holder] =
      (await get().fixture.sql('SELECT IS_USED_LOCK(?)', [lockName('fence')]))[0] ?? []
    await expect.poll(() => waiting(get().fixture, holder)).toEqual([['ALTER USER']])
    leaving.abort()
    expect(await outcome).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })
    const held = await get().suite.admin({ target: 'fence' })
    expect(held.lock.kind).toBe('held')
    expect(await waiting(get().fixture, holder)).toEqual([['ALTER USER']])
    await get().fixture.sql('UNLOCK TABLES')
    await held[Symbol.asyncDispose]()
    const free = async (): Promise<unknown> =>
      (await get().fixture.sql('SELECT IS_FREE_LOCK(?)', [lockName('fence')]))[0]?.[0]
    await expect.poll(free, { timeout: 15_000 }).toBe(1)
    expect(await waiting(get().fixture, holder)).toEqual([])
    // What the dead client has sent was carried out: this is the second time.
    expect(await get().answers('fenced', 'kept', 'added')).toEqual(['accepted', 'accepted'])
    await using second = await get().suite.admin({ target: 'fence' })
    expect(second.lock.kind).toBe('own')
    await second.setPasswords('fenced', CHANGE, soon())
    expect(await get().answers('fenced', 'kept', 'added')).toEqual(['accepted', 'accepted'])
  })

  test('are told apart by the name of a client that can tell nothing else', async () => {
    const user = await get().suite.application('named')
    await using session = await get().suite.admin()
    for (const [name, version] of [
      ['billing cred=v7', 'v7'],
      ['billing', ''],
    ] as const) {
      await using open = await get().fixture.openSession(user, name)
      await open.work()
      const seen = await session.sessions([user.username], soon())
      expect(seen).toMatchObject([{ application: name, credentialVersion: version }])
      await get().fixture.killSessions(user.username)
      await expect.poll(() => session.sessions([user.username], soon())).toEqual([])
    }
  })

  test('do not let an admin without the privilege end sessions of others', async () => {
    const user = await get().suite.application('not ended')
    await using open = await get().fixture.openSession(user, 'app')
    await open.work()
    await using session = await get().suite.admin()
    const seen = await session.sessions([user.username], soon())
    expect(seen).toHaveLength(1)
    await expect(session.endSessions(seen, soon())).rejects.toMatchObject({
      code: 'ERR_DB_DENIED',
      details: { operation: 'end a session of "not ended"' },
    })
    await open.work()
  })

  test('do not end a session whose number is another user’s now', async () => {
    const { fixture, suite } = get()
    const user = await suite.application('renumbered')
    await using privilege = await fixture.letEndSessions()
    expect(privilege).toBeDefined()
    await using open = await fixture.openSession(user, 'app')
    await open.work()
    await using session = await suite.admin()
    const seen = await session.sessions([user.username], soon())
    const mistaken = seen.map((each) => ({ ...each, username: 'somebody else' }))
    expect(mistaken).toHaveLength(1)
    await session.endSessions(mistaken, soon())
    await open.work()
  })
}

/** Which statement this connection is carrying out. */
async function waiting(
  fixture: TwoPasswords['fixture'],
  id: unknown,
): Promise<readonly (readonly unknown[])[]> {
  return await fixture.sql(
    'SELECT LEFT(INFO, 10) FROM information_schema.PROCESSLIST' +
      " WHERE ID = ? AND COMMAND = 'Query'",
    [String(id)],
  )
}
