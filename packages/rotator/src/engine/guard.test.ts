import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { arrange } from '../../../testkit/src/sim/arrange.ts'
import { simClock } from '../../../testkit/src/sim/ports.ts'
import { guardTarget } from './guard.ts'
import { KnownSecrets } from './secrets.ts'

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
