// Goal: a network that swallows everything holds nobody up but who is in the midst of a query, and
// keeps no pool from ending. Method: real servers behind a proxy that accepts and forwards nothing.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startFaultProxy } from '../../testkit/src/fault-proxy.ts'
import type { FaultProxy } from '../../testkit/src/fault-proxy.ts'
import { ON_MARIADB } from './mysql2-subjects.ts'
import { ON_POSTGRES } from './pg-pool.ts'
import { PoolHarness, soon } from './pool-harness.ts'

const CUT_OFF = /clos|terminat|end|lost/iu

describe.each([ON_POSTGRES, ON_MARIADB])('a half-open connection of $name', (subject) => {
  let harness: PoolHarness
  let proxy: FaultProxy

  beforeAll(async () => {
    harness = await PoolHarness.start(subject)
  }, 120_000)

  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  beforeEach(async () => {
    await harness.begin()
    proxy = await startFaultProxy({ host: '127.0.0.1', port: harness.a.port })
    await harness.publish('v2', { ...harness.a, host: '127.0.0.1', port: proxy.port })
  })

  afterEach(async () => {
    proxy.cut()
    await harness.finish()
    await proxy[Symbol.asyncDispose]()
  })

  test('that is idle holds up neither a swap nor the end', async () => {
    const pool = harness.open({ drainMs: 500 })
    await pool.user()
    proxy.mode = 'blackhole'
    await harness.publish('v3', harness.b)
    await soon(() => expect(harness.swaps.at(-1)).toMatchObject({ versionId: 'v3' }))
    expect(await pool.user()).toBe(harness.b.username)
    await pool.end()
    await soon(async () => expect(await harness.sessionsOf(harness.b)).toEqual([]))
  })

  test('that is in use is cut off by the drain, and the end comes', async () => {
    const pool = harness.open({ drainMs: 500 })
    const held = await pool.hold()
    await held.begin()
    proxy.mode = 'blackhole'
    const stuck = held.commit().then(String, String)
    await harness.publish('v3', harness.b)
    await soon(() => expect(harness.swaps.at(-1)).toMatchObject({ versionId: 'v3' }))
    expect(await pool.user()).toBe(harness.b.username)
    expect(await stuck).toMatch(CUT_OFF)
    held.release()
    await pool.end()
  })

  test('of the only pool keeps it from ending no longer than the drain', async () => {
    const pool = harness.open({ drainMs: 500 })
    await pool.user()
    proxy.mode = 'blackhole'
    await pool.end()
    await expect(pool.user()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
