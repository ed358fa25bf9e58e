import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { arrange } from '../../../testkit/src/sim/arrange.ts'
import { USERNAMES } from '../../../testkit/src/sim/names.ts'
import { simClock } from '../../../testkit/src/sim/ports.ts'
import type { AdminSession } from '../ports/database.ts'
import type { Target } from '../ports/target.ts'
import { guardTarget } from './guard.ts'
import { KnownSecrets } from './secrets.ts'

/** The admin of a simulated world. */
const BOSS = {
  username: USERNAMES.admin,
  password: new Sensitive('c0-password', 'password of the admin'),
  host: 'db.example',
  port: 5432,
  dbname: 'app',
}

const SECRET = 'p"ss wörd/&'

describe('a guarded port', () => {
  test('that does not answer is not waited for beyond the deadline', async () => {
    const { world, target } = arrange()
    const store = { ...target.store, read: () => new Promise<never>(() => undefined) }
    const guards = { secrets: new KnownSecrets(), clock: simClock(world) }
    const guarded = guardTarget({ ...target, store }, guards)
    await expect(guarded.store.read({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_OUTCOME_UNKNOWN',
      details: { operation: 'read', where: 'store' },
    })
  })

  test('gives each call of an admin session a deadline of its own', async () => {
    const { world, target } = arrange()
    const guards = { secrets: new KnownSecrets(), clock: simClock(world) }
    const { promise: answer, resolve } = Promise.withResolvers<readonly string[]>()
    const admin: Target['database']['admin'] = async (...args) =>
      Object.assign(Object.create(await target.database.admin(...args)) as AdminSession, {
        openLogins: () => answer,
      })
    const database = { ...target.database, admin }
    const guarded = guardTarget({ ...target, database }, guards)
    const opening = new AbortController()
    const options = { target: 'app', lock: 'look', holder: 'test' } as const
    const session = await guarded.database.admin(BOSS, options, { signal: opening.signal })
    opening.abort()
    const asked = session.openLogins({ signal: new AbortController().signal })
    setTimeout(() => resolve(['somebody']), 20)
    expect(await asked).toEqual(['somebody'])
    await expect(session.openLogins({ signal: AbortSignal.abort() })).resolves.toEqual(['somebody'])
  })

  test.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ password: SECRET })],
    ['in a URL', `postgres://app:${encodeURIComponent(SECRET)}@db`],
    ['in base64', Buffer.from(SECRET).toString('base64')],
  ])('I6 does not show a secret %s', async (_where, text) => {
    const { world, target } = arrange()
    const read = async (): Promise<never> => {
      throw new Error(text, { cause: new Error(`because of ${text}`) })
    }
    const secrets = new KnownSecrets()
    secrets.add(new Sensitive(SECRET, 'canary'))
    const guards = { secrets, clock: simClock(world) }
    const guarded = guardTarget({ ...target, store: { ...target.store, read } }, guards)
    const error: unknown = await guarded.store
      .read({ signal: new AbortController().signal })
      .catch((thrown: unknown) => thrown)
    const shown = error instanceof Error ? `${error.stack} ${String(error.cause)}` : ''
    expect(shown).toContain('[secret]')
    expect(shown).not.toContain(text)
  })
})
