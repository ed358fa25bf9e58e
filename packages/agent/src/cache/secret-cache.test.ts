import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { TTL_MS, expired, world } from '../../test/cache-world.ts'
import { HOLD_MS, PATIENCE_MS } from './secret-cache.ts'

describe('an answer', () => {
  test('is served without asking until it expires', async () => {
    const { ask, asked, clock, last } = world()
    const first = ask()
    ;(await last()).version('v1')
    expect(await first).toBe('v1')
    clock.pass(TTL_MS - 1)
    expect(await ask()).toBe('v1')
    expect(asked).toHaveLength(1)
    clock.pass(1)
    void ask()
    expect((await last()).kind).toBe('describe')
  })

  test('that has expired is served again when its label has not moved', async () => {
    const { ask, asked, clock, last } = await expired()
    const again = ask()
    ;(await last()).current('v1')
    expect(await again).toBe('v1')
    clock.pass(TTL_MS - 1)
    expect(await ask()).toBe('v1')
    expect(asked.map(({ kind }) => kind)).toEqual(['read', 'describe'])
  })

  test('that has expired is read again when its label has moved', async () => {
    const { ask, asked, last } = await expired()
    const again = ask()
    ;(await last()).current('v2')
    ;(await last()).version('v2')
    expect(await again).toBe('v2')
    expect(await ask()).toBe('v2')
    expect(asked.map(({ kind }) => kind)).toEqual(['read', 'describe', 'read'])
  })

  test('of a secret that is marked for deletion is not served again', async () => {
    const { ask, last } = await expired()
    const again = ask()
    ;(await last()).current('v1', true)
    ;(await last()).fail(false)
    expect(await again).toBe('Denied')
  })

  test('about a version by its id holds while that version is there', async () => {
    const question = { secretId: 'a', versionId: 'v1' }
    const { ask, asked, clock, last } = world()
    const first = ask('get', question)
    ;(await last()).version('v1')
    await first
    clock.pass(TTL_MS)
    const again = ask('get', question)
    ;(await last()).current('v1')
    expect([await again, asked.length]).toEqual(['v1', 2])
  })

  test('about a version and a label it has lost is read again', async () => {
    const question = { secretId: 'a', versionId: 'v1', versionStage: 'AWSPENDING' }
    const { ask, clock, last } = world()
    const first = ask('get', question)
    ;(await last()).version('v1')
    await first
    clock.pass(TTL_MS)
    void ask('get', question)
    ;(await last()).current('v1')
    expect(await last()).toMatchObject({ kind: 'read', question })
  })

  test('is one for all who ask at once', async () => {
    const { ask, asked, last } = world()
    const all = [ask(), ask(), ask()]
    ;(await last()).version('v1')
    expect([await Promise.all(all), asked.length]).toEqual([['v1', 'v1', 'v1'], 1])
  })

  test('is kept for each secret, version and stage', async () => {
    const { ask, asked } = world()
    void ask()
    void ask('get', { secretId: 'b' })
    void ask('get', { secretId: 'a', versionId: 'x' })
    void ask('get', { secretId: 'a', versionStage: 'x' })
    await turn()
    expect(asked).toHaveLength(4)
  })

  test('is not kept without a time to live', async () => {
    const { ask, asked, cache, last } = world({ ttlMs: 0 })
    for (const id of ['v1', 'v2']) {
      const given = ask()
      ;(await last()).version(id)
      expect(await given).toBe(id)
    }
    expect([asked.length, cache.size]).toEqual([2, 0])
  })

  test('without a time to live is asked for by each who comes', async () => {
    const { ask, asked } = world({ ttlMs: 0 })
    const both = [ask(), ask()]
    await turn()
    asked[1]?.version('v2')
    asked[0]?.version('v1')
    expect(await Promise.all(both)).toEqual(['v1', 'v2'])
  })

  test('that was not used for longest makes room', async () => {
    const { ask, asked, cache, last } = world({ size: 2 })
    for (const secretId of ['a', 'b']) {
      const given = ask('get', { secretId })
      ;(await last()).version(secretId)
      await given
    }
    await ask()
    const third = ask('get', { secretId: 'c' })
    ;(await last()).version('c')
    await third
    expect([await ask(), cache.size, asked.length]).toEqual(['a', 2, 3])
    void ask('get', { secretId: 'b' })
    expect((await last()).question.secretId).toBe('b')
    expect(asked).toHaveLength(4)
  })
})

describe('while Secrets Manager cannot be asked', () => {
  test.for(['describe', 'read'] as const)('what has expired is served: %s', async (when) => {
    const { ask, asked, clock, last } = await expired()
    const again = ask()
    if (when === 'read') (await last()).current('v2')
    ;(await last()).fail(true)
    expect(await again).toBe('v1')
    const before = asked.length
    clock.pass(HOLD_MS - 1)
    expect([await ask(), asked.length]).toEqual(['v1', before])
    clock.pass(1)
    void ask()
    expect((await last()).kind).toBe('describe')
  })

  test('nobody waits long for it when there is something', async () => {
    const { ask, clock, last } = await expired()
    const patient = ask()
    await turn()
    clock.pass(PATIENCE_MS)
    expect(await patient).toBe('v1')
    // The look goes on, and what it finds is kept.
    ;(await last()).current('v2')
    ;(await last()).version('v2')
    await turn()
    expect(await ask()).toBe('v2')
  })

  test('nobody is given what was replaced while they waited', async () => {
    const { ask, clock, last } = await expired()
    const patient = ask()
    await turn()
    const fresh = ask('refresh')
    ;(await last()).version('v2')
    await fresh
    clock.pass(PATIENCE_MS)
    expect(await patient).toBe('v2')
  })

  test('nothing that has expired is served if that was ruled out', async () => {
    const { ask, clock, last } = await expired({ ignoreTransientErrors: false })
    const again = ask()
    await turn()
    clock.pass(PATIENCE_MS)
    ;(await last()).fail(true)
    expect(await again).toBe('TimeoutError')
  })

  test('there is nothing to serve to whoever is the first', async () => {
    const { ask, cache, last } = world()
    const first = ask()
    ;(await last()).fail(true)
    expect([await first, cache.size]).toEqual(['TimeoutError', 0])
  })
})

describe('a refusal', () => {
  test('is passed on, and what was kept is not served after it', async () => {
    const { ask, last } = await expired()
    const again = ask()
    ;(await last()).fail(false)
    expect(await again).toBe('Denied')
    const later = ask()
    ;(await last()).fail(true)
    expect(await later).toBe('TimeoutError')
  })

  test('is not kept', async () => {
    const { ask, last } = world()
    const first = ask()
    ;(await last()).fail(false)
    expect(await first).toBe('Denied')
    const second = ask()
    ;(await last()).version('v1')
    expect(await second).toBe('v1')
  })
})
