import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { expired, world } from '../../test/cache-world.ts'

describe('refreshNow', () => {
  test('reads past the cache and replaces what is kept', async () => {
    const { ask, asked, last, seen } = world()
    const first = ask()
    ;(await last()).version('v1')
    await first
    const fresh = ask('refresh')
    ;(await last()).version('v2')
    expect([await fresh, await ask()]).toEqual(['v2', 'v2'])
    expect([asked.map(({ kind }) => kind), seen]).toEqual([
      ['read', 'read'],
      ['v1', 'v2'],
    ])
  })

  test.for([true, false])('that fails changes nothing (transient: %s)', async (isTransient) => {
    const { ask, last } = world()
    const first = ask()
    ;(await last()).version('v1')
    await first
    const fresh = ask('refresh')
    ;(await last()).fail(isTransient)
    expect(await fresh).toBe(isTransient ? 'TimeoutError' : 'Denied')
    expect(await ask()).toBe('v1')
  })

  test('never shares an answer that was asked for before', async () => {
    const { ask, asked, last } = world()
    const given = [ask('refresh'), ask('refresh'), ask('refresh'), ask('refresh')]
    await turn()
    expect(asked).toHaveLength(2)
    asked[0]?.version('v1')
    expect(await given[0]).toBe('v1')
    ;(await last()).version('v3')
    asked[1]?.version('v2')
    expect(await Promise.all(given.slice(2))).toEqual(['v3', 'v3'])
    expect([await given[1], asked.length]).toEqual(['v3', 3])
  })

  test('is not overtaken by an answer that is slow', async () => {
    const { ask, asked, seen } = world()
    const slow = ask()
    await turn()
    const fast = ask('refresh')
    await turn()
    asked[1]?.version('v2')
    expect(await fast).toBe('v2')
    asked[0]?.version('v1')
    expect([await slow, await ask(), seen]).toEqual(['v2', 'v2', ['v2']])
  })

  test('outlives a refusal that is slow', async () => {
    const { ask, asked, last } = await expired()
    const slow = ask()
    const look = await last()
    const fast = ask('refresh')
    ;(await last()).version('v2')
    await fast
    look.fail(false)
    expect([await slow, await ask(), asked.length]).toEqual(['v2', 'v2', 3])
  })
})
