import { expect, test } from 'vitest'
import type { UserTemplate } from '../../../rotator/src/ports/database.ts'
import { codeOf, soon, writer } from './database-fixture.ts'
import type { Suite } from './database-fixture.ts'

const EQUAL = { state: 'equal', lacks: [] }

/** What a configuration says a user may do, where there is no user to go by. */
export function templateTests(get: () => Suite): void {
  const template = (): UserTemplate => {
    const { dbname } = get().fixture.admin
    return { privileges: 'all', dbname, tls: true }
  }

  test('makes a user from a template, who cannot log in until a password is set', async () => {
    const { db, admin, fixture, credential, canary } = get()
    const made = credential(`from "the" o'template`, canary())
    await using session = await admin()
    const compare = () => session.compareUsers(template(), made.username, soon())
    expect(await compare()).toMatchObject({ state: 'absent' })
    await session.provision(template(), made.username, soon())
    expect(await db.login(made, writer(db), soon())).not.toBe('accepted')
    expect(await compare()).toEqual(EQUAL)
    await session.setPassword(made.username, made.password, soon())
    expect(await db.login(made, writer(db), soon())).toBe('accepted')
    await fixture.useRights(made)
    expect(await compare()).toEqual(EQUAL)
  })

  test('goes on with a user that is half made, and making it again changes nothing', async () => {
    const { admin, fixture } = get()
    await fixture.halfMake('half-template')
    await using session = await admin()
    const compare = () => session.compareUsers(template(), 'half-template', soon())
    expect(await compare()).toMatchObject({ state: 'partial' })
    for (let round = 0; round < 2; round += 1) {
      await session.provision(template(), 'half-template', soon())
      expect(await compare()).toEqual(EQUAL)
    }
  })

  test('names what a user lacks of a template, and grants just that', async () => {
    const { db, admin, fixture, credential, canary } = get()
    const user = credential('lacks-the-template', canary())
    await fixture.createUser(user.username, user.password, 'none')
    await using session = await admin()
    const compare = () => session.compareUsers(template(), user.username, soon())
    const before = await compare()
    expect(before.state).toBe('differs')
    expect(before.lacks.length).toBeGreaterThan(0)
    await session.grantMissing(template(), user.username, soon())
    expect(await compare()).toEqual(EQUAL)
    expect(await db.login(user, writer(db), soon())).toBe('accepted')
  })

  test('makes a user that another one can be made from', async () => {
    const { admin } = get()
    await using session = await admin()
    await session.provision(template(), 'first-of-two', soon())
    await session.provision('first-of-two', 'second-of-two', soon())
    const compared = await session.compareUsers(template(), 'second-of-two', soon())
    expect(compared).toEqual(EQUAL)
  })
}

/** Where what a user may do hangs on more than its grants. */
export function noTemplateTests(get: () => Suite): void {
  test('says that no user can be made from a template', async () => {
    const { admin, application } = get()
    const { username } = await application('no-template')
    const template = { privileges: 'all', dbname: 'app', tls: true } as const
    await using session = await admin()
    for (const refused of [
      session.compareUsers(template, username, soon()),
      session.provision(template, username, soon()),
      session.grantMissing(template, username, soon()),
    ])
      expect(await codeOf(refused)).toBe('ERR_DB_UNSUPPORTED')
  })
}
