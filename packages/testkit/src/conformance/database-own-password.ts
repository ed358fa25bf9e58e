import { describe, expect, test } from 'vitest'
import type { Credential } from '@cuedot/client/protocol'
import { ODD_PASSWORDS } from './database-accounts.ts'
import { codeOf, soon, writer } from './database-fixture.ts'
import type { Suite } from './database-fixture.ts'

/** What a user without any privilege does to its own password. */
export function ownPasswordTests(get: () => Suite): void {
  describe('a change of the own password', () => {
    changes(get)
    refusals(get)
  })
}

/** A user, what it is to become, and what the server answers to both: before it, after it. */
async function arrange(
  { db, application, credential, canary }: Suite,
  username: string,
): Promise<{ old: Credential; next: Credential; answers: () => Promise<readonly string[]> }> {
  const old = await application(username)
  const next = credential(username, canary())
  const login = (who: Credential): Promise<string> => db.login(who, writer(db), soon())
  return { old, next, answers: async () => [await login(old), await login(next)] }
}

function changes(get: () => Suite): void {
  test('is open to a user without privileges, and repeating it changes nothing', async () => {
    const { db } = get()
    const { old, next, answers } = await arrange(get(), 'own-replaced')
    for (const who of [old, next]) {
      await db.changeOwnPassword(who, next.password, soon())
      expect(await answers()).toEqual(['denied', 'accepted'])
    }
  })

  test('takes every character, in the new password and in the old one', async () => {
    const { db, application, credential, canary } = get()
    let who = await application(`own 'odd' "pass\\words"`)
    for (const text of ODD_PASSWORDS) {
      const next = credential(who.username, canary(text))
      await db.changeOwnPassword(who, next.password, soon())
      expect([text, await db.login(next, writer(db), soon())]).toEqual([text, 'accepted'])
      who = next
    }
  })

  test('leaves open sessions and rights as they are', async () => {
    const { db, fixture } = get()
    const { old, next, answers } = await arrange(get(), 'own-working')
    await using open = await fixture.openSession(old, 'app')
    await db.changeOwnPassword(old, next.password, soon())
    await open.work()
    await fixture.useRights(next)
    expect(await answers()).toEqual(['denied', 'accepted'])
  })
}

function refusals(get: () => Suite): void {
  test('is refused after a wrong login, and the error holds no password', async () => {
    const { db, credential, canary } = get()
    const { old, next, answers } = await arrange(get(), 'own-wrong')
    const wrong = credential(old.username, canary())
    const error = await db.changeOwnPassword(wrong, next.password, soon()).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'ERR_DB_AUTH', details: { username: old.username } })
    const text = error instanceof Error ? `${error.stack} ${String(error.cause)}` : ''
    for (const { password } of [wrong, next]) expect(text).not.toContain(password.reveal())
    expect(await answers()).toEqual(['accepted', 'denied'])
  })

  test('is refused to a user in quarantine, who stays there', async () => {
    const { db, admin } = get()
    const { old, next, answers } = await arrange(get(), 'own-locked')
    await using session = await admin()
    await session.quarantine(old.username, true, soon())
    expect(await codeOf(db.changeOwnPassword(old, next.password, soon()))).toBe('ERR_DB_AUTH')
    await session.quarantine(old.username, false, soon())
    expect(await answers()).toEqual(['accepted', 'denied'])
  })

  test('is not begun when no time is left', async () => {
    const { db } = get()
    const { old, next, answers } = await arrange(get(), 'own-late')
    const tooLate = { signal: AbortSignal.abort() }
    const code = await codeOf(db.changeOwnPassword(old, next.password, tooLate))
    expect(code).toBe('ERR_DB_UNREACHABLE')
    expect(await answers()).toEqual(['accepted', 'denied'])
  })
}
