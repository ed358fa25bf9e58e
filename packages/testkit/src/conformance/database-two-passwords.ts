import { describe, expect, test } from 'vitest'
import type { Credential, Sensitive } from '@cuedot/client/protocol'
import type { AdminSession } from '../../../rotator/src/ports/database.ts'
import { soon, writer } from './database-fixture.ts'
import type { Suite } from './database-fixture.ts'

/** One user, a session that may change it, and what it answers to each password. */
interface Doubled extends AsyncDisposable {
  readonly session: AdminSession
  readonly user: Credential
  answers(...passwords: readonly Sensitive[]): Promise<readonly string[]>
}

/** For servers on which a user may have two passwords. */
export function twoPasswordTests(get: () => Suite): void {
  describe('two passwords of one user', () => {
    test('are both accepted after one is added, and one after the other is ended', async () => {
      const { canary } = get()
      await using doubled = await arrange(get(), 'two plain')
      const { session, user, answers } = doubled
      const { password: kept } = user
      const added = canary()
      expect(await session.hasSecondPassword(user.username, soon())).toBe('nowhere')
      await session.setPasswords(user.username, { kept, added }, soon())
      expect(await answers(kept, added)).toEqual(['accepted', 'accepted'])
      expect(await session.hasSecondPassword(user.username, soon())).toBe('everywhere')
      await session.setPasswords(user.username, { kept: added }, soon())
      expect(await answers(kept, added)).toEqual(['denied', 'accepted'])
      expect(await session.hasSecondPassword(user.username, soon())).toBe('nowhere')
    })

    test('are the same when the change is made again, as after a lost answer', async () => {
      const { canary } = get()
      await using doubled = await arrange(get(), 'two again')
      const { session, user, answers } = doubled
      const { password: kept } = user
      const added = canary()
      for (let time = 0; time < 3; time += 1) {
        await session.setPasswords(user.username, { kept, added }, soon())
        expect(await answers(kept, added)).toEqual(['accepted', 'accepted'])
      }
      for (let time = 0; time < 2; time += 1) {
        await session.setPasswords(user.username, { kept: added }, soon())
        expect(await answers(kept, added)).toEqual(['denied', 'accepted'])
      }
    })

    test('keep the one that is named, whichever of the two it was', async () => {
      const { canary } = get()
      await using doubled = await arrange(get(), 'two turned')
      const { session, user, answers } = doubled
      const { password: kept } = user
      const [first, second] = [canary(), canary()]
      await session.setPasswords(user.username, { kept, added: first }, soon())
      await session.setPasswords(user.username, { kept, added: second }, soon())
      expect(await answers(kept, first, second)).toEqual(['accepted', 'denied', 'accepted'])
      await session.setPasswords(user.username, { kept }, soon())
      expect(await answers(kept, first, second)).toEqual(['accepted', 'denied', 'denied'])
    })

    test('never leave a consumer outside while they change', async () => {
      const { db, canary } = get()
      await using doubled = await arrange(get(), 'two watched')
      const { session, user } = doubled
      const watch = { over: false }
      const refused: string[] = []
      const consumer = (async () => {
        while (!watch.over) {
          const answer = await db.login(user, writer(db), soon())
          if (answer !== 'accepted') refused.push(answer)
        }
      })()
      for (let time = 0; time < 10; time += 1) {
        const added = canary()
        await session.setPasswords(user.username, { kept: user.password, added }, soon())
      }
      await session.setPasswords(user.username, { kept: user.password }, soon())
      watch.over = true
      await consumer
      expect(refused).toEqual([])
    })

    test('are one again after a plain change', async () => {
      const { canary } = get()
      await using doubled = await arrange(get(), 'two to one')
      const { session, user, answers } = doubled
      const [added, only] = [canary(), canary()]
      await session.setPasswords(user.username, { kept: user.password, added }, soon())
      await session.setPassword(user.username, only, soon())
      expect(await answers(user.password, added, only)).toEqual(['denied', 'denied', 'accepted'])
    })

    test('leave open sessions and rights as they are', async () => {
      const { canary, fixture } = get()
      await using doubled = await arrange(get(), 'two working')
      const { session, user } = doubled
      await using open = await fixture.openSession(user, 'app')
      const added = canary()
      await session.setPasswords(user.username, { kept: user.password, added }, soon())
      await session.setPasswords(user.username, { kept: added }, soon())
      await open.work()
      await fixture.useRights({ ...user, password: added })
      expect(await doubled.answers(added)).toEqual(['accepted'])
    })
  })
}

async function arrange({ admin, application, db }: Suite, username: string): Promise<Doubled> {
  const user = await application(username)
  const session = await admin()
  return {
    session,
    user,
    answers: (...passwords) =>
      Promise.all(passwords.map((password) => db.login({ ...user, password }, writer(db), soon()))),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}
