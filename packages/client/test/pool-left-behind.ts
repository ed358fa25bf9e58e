import { queryObjects } from 'node:v8'
import { expect, test } from 'vitest'
import { soon } from './pool-harness.ts'
import type { PoolHarness } from './pool-harness.ts'

/** What swaps and listeners must not do to the process that they happen in. */
export function leftBehindTests(get: () => PoolHarness): void {
  test('a pool that another has replaced leaves nothing behind', async () => {
    const harness = get()
    const pool = harness.open()
    await pool.user()
    let swapped = Promise.withResolvers<void>()
    pool.onSwap(() => swapped.resolve())
    const swap = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n++) {
        swapped = Promise.withResolvers()
        const { length } = harness.swaps
        await harness.publish(`v${length + 1}`, length % 2 === 1 ? harness.b : harness.a)
        await swapped.promise
        await pool.user()
      }
    }
    await swap(10)
    const before = queryObjects(Promise, { format: 'count' })
    await swap(100)
    // What the tests themselves wait for comes and goes.
    expect(queryObjects(Promise, { format: 'count' }) - before).toBeLessThan(50)
    await soon(async () => expect((await harness.sessionsOf(harness.b)).length).toBeLessThan(2))
  })

  test('listeners that throw end no pool, and are heard of', async () => {
    const harness = get()
    const pool = harness.open()
    await pool.user()
    const thrown: unknown[] = []
    const before = process.rawListeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    try {
      pool.onSwap(() => {
        throw new Error('of a listener')
      })
      pool.onTrouble(() => {
        throw new Error('of a listener')
      })
      await harness.publish('v2', { ...harness.b, username: 'nobody' })
      await soon(() => expect(thrown).toHaveLength(1))
      await harness.publish('v3', harness.b)
      await soon(() => expect(thrown).toHaveLength(2))
      expect(await pool.user()).toBe(harness.b.username)
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of before)
        process.on('uncaughtException', (...told) => Reflect.apply(listener, process, told))
    }
  })
}
