import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountTests } from './database-accounts.ts'
import { cutTests } from './database-cuts.ts'
import { makeSuite } from './database-fixture.ts'
import type { DatabaseFixture, Suite } from './database-fixture.ts'
import { endedSessionTests } from './database-ended-sessions.ts'
import { loginTests } from './database-login.ts'
import { ownPasswordTests } from './database-own-password.ts'
import { sessionTests } from './database-sessions.ts'
import { noTemplateTests, templateTests } from './database-templates.ts'
import { twoPasswordTests } from './database-two-passwords.ts'

export type { DatabaseFixture, OpenSession } from './database-fixture.ts'

/**
 * Registers the tests that every `Database` adapter passes, on a real server.
 * @param name - the engine and its version, for the report
 * @param start - starts the server; called once, and what it returns is disposed at the end
 * @param options - whether a user may have two passwords there, and be made from a template
 */
export function databaseConformance(
  name: string,
  start: () => Promise<DatabaseFixture>,
  options: { readonly hasTwoPasswords: boolean; readonly hasTemplates: boolean },
): void {
  describe(`a database: ${name}`, () => {
    let suite: Suite | undefined
    const get = (): Suite => {
      if (!suite) throw new Error('the server has not been started')
      return suite
    }
    beforeAll(async () => {
      suite = makeSuite(await start())
    }, 60_000)
    afterAll(async () => {
      await suite?.fixture[Symbol.asyncDispose]()
    }, 30_000)

    loginTests(get)
    sessionTests(get)
    accountTests(get)
    ownPasswordTests(get)
    endedSessionTests(get)
    if (options.hasTwoPasswords) twoPasswordTests(get)
    if (options.hasTemplates) templateTests(get)
    else noTemplateTests(get)
    cutTests(get)
    logTest(get)
  })
}

/** Stands last: it looks for every password that the tests before it have used. */
function logTest(get: () => Suite): void {
  test('no password of this suite stands in the log of the server', async () => {
    const { fixture, canaries, canary, admin } = get()
    await using session = await admin()
    const nobody = 'no-such-user-in-the-log'
    await session
      .setPassword(nobody, canary(), { signal: AbortSignal.timeout(5000) })
      .catch(() => undefined)
    const log = await fixture.log()
    expect(log).toContain(nobody)
    const leaked = [fixture.admin.password, ...canaries].filter((password) =>
      log.includes(password.reveal()),
    )
    expect(leaked).toHaveLength(0)
    expect(canaries.length).toBeGreaterThan(5)
  })
}
