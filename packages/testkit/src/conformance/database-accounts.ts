import { describe, expect, test } from 'vitest'
import { codeOf, soon, writer } from './database-fixture.ts'
import type { Suite } from './database-fixture.ts'

/** What an admin session does to accounts. */
export function accountTests(get: () => Suite): void {
  describe('set password', () => passwords(get))
  describe('quarantine', () => quarantines(get))
  describe('compare and provision', () => users(get))
}

/** Passwords with characters that mean something somewhere. */
export const ODD_PASSWORDS: readonly string[] = [
  `it's "quoted" \`twice\` 'q'`,
  "back\\slash\\\\ \\n \\' end\\",
  '$1 $$ ${x} $tag$ %s %% ? :name @x',
  'ünïcødé пароль 密码 🔑 ﬁ',
  ' spaces around ; -- comment /* */ ',
  'SCRAM-SHA-256$4096:abc$def:ghi',
  'md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19',
]

const ODD_NAMES: readonly string[] = [
  'with-hyphen',
  `o'brien "x" \`y\``,
  'UpperCase',
  'with space; --',
  'back\\slash',
  'ünïcødé',
  '%_$1',
]

function passwords(get: () => Suite): void {
  test('replaces the old password, and repeating it changes nothing', async () => {
    const { db, admin, application, credential, canary } = get()
    const old = await application('replaced')
    const next = credential(old.username, canary())
    await using session = await admin()
    for (let round = 0; round < 2; round += 1) {
      await session.setPassword(next.username, next.password, soon())
      expect(await db.login(next, writer(db), soon())).toBe('accepted')
      expect(await db.login(old, writer(db), soon())).toBe('denied')
    }
  })

  test('ends a quarantine', async () => {
    const { db, admin, application, credential, canary } = get()
    const user = await application('set-free')
    const next = credential(user.username, canary())
    await using session = await admin()
    await session.quarantine(user.username, true, soon())
    await session.setPassword(next.username, next.password, soon())
    expect(await db.login(next, writer(db), soon())).toBe('accepted')
  })

  test('takes every character in a password', async () => {
    const { db, admin, application, credential, canary } = get()
    const user = await application('odd-passwords')
    await using session = await admin()
    for (const text of ODD_PASSWORDS) {
      const next = credential(user.username, canary(text))
      await session.setPassword(next.username, next.password, soon())
      expect([text, await db.login(next, writer(db), soon())]).toEqual([text, 'accepted'])
    }
  })

  test.for(ODD_NAMES)('takes the user name %j', async (username) => {
    const { db, admin, application, credential, canary } = get()
    const old = await application(username)
    const next = credential(username, canary())
    await using session = await admin()
    await session.setPassword(username, next.password, soon())
    expect(await db.login(next, writer(db), soon())).toBe('accepted')
    expect(await db.login(old, writer(db), soon())).toBe('denied')
    await session.quarantine(username, true, soon())
    expect(await db.login(next, writer(db), soon())).toBe('locked')
    expect(await session.compareUsers(username, username, soon())).toMatchObject({ lacks: [] })
  })

  test('rejects a user that does not exist, and the error holds no password', async () => {
    const { admin, canary } = get()
    const password = canary()
    await using session = await admin()
    const error = await session.setPassword('nobody-there', password, soon()).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'ERR_DB_STATEMENT' })
    const text = error instanceof Error ? `${error.stack} ${String(error.cause)}` : ''
    expect(text).not.toContain(password.reveal())
  })

  test('changes the password of the admin itself, and back', async () => {
    const { db, fixture, admin, canary } = get()
    const next = { ...fixture.admin, password: canary() }
    await using session = await admin()
    await session.setPassword(next.username, next.password, soon())
    expect(await db.login(next, writer(db), soon())).toBe('accepted')
    await session.setPassword(next.username, fixture.admin.password, soon())
    expect(await db.login(fixture.admin, writer(db), soon())).toBe('accepted')
  })
}

function quarantines(get: () => Suite): void {
  test('refuses new logins, keeps open sessions, and is undone without a password', async () => {
    const { db, admin, application, fixture } = get()
    const user = await application('kept out')
    await using open = await fixture.openSession(user, 'app')
    await using session = await admin()
    for (let round = 0; round < 2; round += 1) await session.quarantine(user.username, true, soon())
    expect(await db.login(user, writer(db), soon())).toBe('locked')
    await open.work()
    await session.quarantine(user.username, false, soon())
    expect(await db.login(user, writer(db), soon())).toBe('accepted')
  })
}

function users(get: () => Suite): void {
  test('tells absent, partial, equal and differing users apart', async () => {
    const { admin, application, fixture } = get()
    const reference = (await application('cmp-reference')).username
    const twin = (await application('cmp-twin')).username
    await using session = await admin()
    const compare = (name: string) => session.compareUsers(reference, name, soon())

    expect(await compare('cmp-absent')).toMatchObject({ state: 'absent' })
    expect(await compare(twin)).toEqual({ state: 'equal', lacks: [] })
    await fixture.halfMake('cmp-half')
    const half = await compare('cmp-half')
    expect(half.state).toBe('partial')
    expect(half.lacks.length).toBeGreaterThan(0)
    const line = await fixture.revokeOne(twin)
    const differs = await compare(twin)
    expect(differs.state).toBe('differs')
    expect(differs.lacks).toEqual([expect.stringMatching(line)])
  })

  test('says that a user with more rights than the reference is equal', async () => {
    const { admin, application, fixture, canary } = get()
    await fixture.createUser('cmp-less', canary(), 'none')
    const more = (await application('cmp-more')).username
    await using session = await admin()
    expect(await session.compareUsers('cmp-less', more, soon())).toMatchObject({ state: 'equal' })
    expect(await session.compareUsers(more, 'cmp-less', soon())).toMatchObject({
      state: 'differs',
    })
  })

  test('makes a user equal, who cannot log in until a password is set', async () => {
    const { db, admin, application, fixture, credential, canary } = get()
    const reference = (await application('made-reference')).username
    const made = credential(`made "o'brien"`, canary())
    await using session = await admin()
    await session.provision(reference, made.username, soon())
    expect(await db.login(made, writer(db), soon())).not.toBe('accepted')
    const compared = await session.compareUsers(reference, made.username, soon())
    expect(compared).toEqual({ state: 'equal', lacks: [] })
    await session.setPassword(made.username, made.password, soon())
    expect(await db.login(made, writer(db), soon())).toBe('accepted')
    await fixture.useRights(made)
  })

  test('goes on with a half-made user, and making it again changes nothing', async () => {
    const { admin, application, fixture } = get()
    const reference = (await application('half-reference')).username
    await fixture.halfMake('half-made')
    await using session = await admin()
    for (let round = 0; round < 2; round += 1) {
      await session.provision(reference, 'half-made', soon())
      const compared = await session.compareUsers(reference, 'half-made', soon())
      expect(compared).toEqual({ state: 'equal', lacks: [] })
    }
  })

  test('does not provision from a reference that does not exist', async () => {
    const { admin } = get()
    await using session = await admin()
    const code = await codeOf(session.provision('no-reference', 'no-reference-2', soon()))
    expect(code).toBe('ERR_DB_UNSUPPORTED')
  })
}
