import { describe, expect, test } from 'vitest'
import type { AdminSession } from '../../../rotator/src/ports/database.ts'
import { soon } from './database-fixture.ts'
import type { Suite } from './database-fixture.ts'

/** Ending sessions, and counting those that came and went. */
export function endedSessionTests(get: () => Suite): void {
  describe('sessions that are ended', () => {
    test('are exactly the ones that were named', async () => {
      const { application, fixture } = get()
      const user = await application('ended')
      await using privileged = await privilegedAdmin(get())
      const { session } = privileged
      await using first = await fixture.openSession(user, 'first')
      await first.work()
      const [named] = await session.sessions([user.username], soon())
      expect(named?.id).not.toBe('')
      await using second = await fixture.openSession(user, 'second')
      await second.work()
      await session.endSessions(named ? [named] : [], soon())
      const left = async (): Promise<readonly string[]> =>
        (await session.sessions([user.username], soon())).map(({ id }) => id)
      await expect.poll(left).toHaveLength(1)
      expect(await left()).not.toContain(named?.id)
      await second.work()
      await expect(first.work()).rejects.toThrow(/./)
    })

    test('may be gone already', async () => {
      const { application, fixture } = get()
      const user = await application('gone already')
      await using privileged = await privilegedAdmin(get())
      const { session } = privileged
      const open = await fixture.openSession(user, 'short')
      await open.work()
      const seen = await session.sessions([user.username], soon())
      expect(seen).toHaveLength(1)
      await open[Symbol.asyncDispose]()
      await expect.poll(() => session.sessions([user.username], soon())).toEqual([])
      await session.endSessions(seen, soon())
    })

    test('count as logins where the server counts them, even when nobody saw them', async () => {
      const { admin, application, fixture } = get()
      const user = await application('counted')
      await using session = await admin()
      const before = await session.loginCount(user.username, soon())
      for (let time = 0; time < 3; time += 1)
        await (await fixture.openSession(user, 'short'))[Symbol.asyncDispose]()
      const after = await session.loginCount(user.username, soon())
      if (fixture.countsLogins) expect((after ?? 0) - (before ?? 0)).toBe(3)
      else expect([before, after]).toEqual([undefined, undefined])
    })

    test('are not listed while their login is under way, which is', async () => {
      const { admin, fixture } = get()
      await using session = await admin()
      const before = await session.openLogins(soon())
      const begun = async (): Promise<readonly string[]> =>
        (await session.openLogins(soon())).filter((id) => !before.includes(id))
      expect(await begun()).toEqual([])
      const client = await fixture.beginLogin()
      if (fixture.showsOpenLogins) await expect.poll(begun).toHaveLength(1)
      await client[Symbol.asyncDispose]()
      await expect.poll(begun).toEqual([])
    })

    test('say which version of the credential they were begun with', async () => {
      const { admin, application, fixture } = get()
      const user = await application('versioned')
      await using session = await admin()
      await using open = await fixture.openSession({ ...user, version: 'v1b2c3d4' }, 'app')
      await open.work()
      const [seen] = await session.sessions([user.username], soon())
      expect(seen?.credentialVersion).toBe(fixture.showsApplication ? 'v1b2c3d4' : '')
    })
  })
}

/** A session of an admin that may end sessions of others. */
async function privilegedAdmin({
  admin,
  fixture,
}: Suite): Promise<{ readonly session: AdminSession } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack()
  opening.use(await fixture.letEndSessions())
  const session = opening.use(await admin())
  const open = opening.move()
  return { session, [Symbol.asyncDispose]: () => open.disposeAsync() }
}
