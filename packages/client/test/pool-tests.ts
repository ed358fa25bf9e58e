import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import type { SwapTrouble } from '../src/pool/rotating-pool.ts'
import { PoolHarness, soon } from './pool-harness.ts'
import { leftBehindTests } from './pool-left-behind.ts'
import type { PoolSubject } from './pool-harness.ts'

const CUT_OFF = /clos|terminat|end/iu

type Get = () => PoolHarness

/** What holds for a pool of any driver, on its real server. */
export function poolTests(subject: PoolSubject): void {
  describe(`a pool of ${subject.name}`, () => {
    let harness: PoolHarness
    const get: Get = () => harness

    beforeAll(async () => {
      harness = await PoolHarness.start(subject)
    }, 120_000)

    afterAll(async () => {
      await harness[Symbol.asyncDispose]()
    })

    beforeEach(async () => {
      await harness.begin()
    })

    afterEach(async () => {
      await harness.finish()
    })

    swapTests(get)
    leftBehindTests(get)
    drainTests(get)
    refusalTests(get)
    troubleTests(get)
    hopelessTests(get, subject)
    endTests(get)
  })
}

function swapTests(get: Get): void {
  test('waits for the first credential and logs in with it', async () => {
    const harness = get()
    const { username } = harness.a
    expect(await harness.open().user()).toBe(username)
    expect(harness.swaps).toEqual([{ versionId: 'v1', username, why: 'first' }])
  })

  test('a credential that has changed is used by the next query, by the same object', async () => {
    const harness = get()
    const { a, b } = harness
    const pool = harness.open()
    await pool.user()
    await harness.publish('v2', b)
    await soon(() => expect(harness.swaps).toHaveLength(2))
    expect(await pool.user()).toBe(b.username)
    expect(harness.swaps[1]).toEqual({
      ...{ versionId: 'v2', username: b.username, why: 'changed' },
      before: { versionId: 'v1', username: a.username },
    })
  })

  test('sessions say which version they have logged in with', async () => {
    const harness = get()
    const held = await harness.open().hold()
    const named: unknown = expect.stringContaining('v1')
    // Those of a test before may still be dying.
    await soon(async () => expect(await harness.sessionsOf(harness.a)).toEqual([named]))
    held.release()
  })
}

function drainTests(get: Get): void {
  test('a transaction that runs during a swap ends well, then its session is gone', async () => {
    const harness = get()
    const { a, b } = harness
    const pool = harness.open()
    const held = await pool.hold()
    await held.begin()
    await harness.publish('v2', b)
    await soon(() => expect(harness.swaps).toHaveLength(2))
    expect(await pool.user()).toBe(b.username)
    expect(await held.user()).toBe(a.username)
    await held.commit()
    held.release()
    await soon(async () => expect(await harness.sessionsOf(a)).toEqual([]))
  })

  test('whoever keeps a connection too long is cut off', async () => {
    const harness = get()
    const pool = harness.open({ drainMs: 50 })
    const held = await pool.hold()
    await harness.publish('v2', harness.b)
    await soon(async () => expect(await harness.sessionsOf(harness.a)).toEqual([]))
    await expect(held.user()).rejects.toThrow(CUT_OFF)
    held.release()
    expect(await pool.user()).toBe(harness.b.username)
  })

  test('whoever waits when another pool takes over gets a connection of that', async () => {
    const harness = get()
    const pool = harness.open({ max: 1 })
    const held = await pool.hold()
    const waiting = pool.user()
    await harness.publish('v2', harness.b)
    expect(await waiting).toBe(harness.b.username)
    held.release()
  })
}

function refusalTests(get: Get): void {
  test('a login that is refused is made again with what is current by then', async () => {
    const harness = get()
    const pool = harness.open()
    const held = await pool.hold()
    harness.vault.put('AWSCURRENT', 'v2', await harness.fresh(harness.a))
    expect(await pool.user()).toBe(harness.a.username)
    expect(harness.swaps.map(({ versionId }) => versionId)).toEqual(['v1', 'v2'])
    held.release()
  })

  test('where the database is ahead of the secret, what is pending logs in', async () => {
    const harness = get()
    const pool = harness.open()
    const held = await pool.hold()
    const changed = await harness.fresh(harness.a)
    harness.vault.put('AWSPENDING', 'v2', changed)
    expect(await pool.user()).toBe(changed.username)
    expect(harness.swaps[1]).toMatchObject({ versionId: 'v2', why: 'refused' })
    await harness.publish('v2', changed)
    expect(await pool.user()).toBe(changed.username)
    expect(harness.swaps).toHaveLength(2)
    held.release()
  })

  test('where the database was set back, what was current before logs in', async () => {
    const harness = get()
    const { a } = harness
    harness.vault.put('AWSPREVIOUS', 'v1', a)
    await harness.publish('v2', { ...a, password: randomPassword(a.username) })
    expect(await harness.open().user()).toBe(a.username)
    expect(harness.swaps.map(({ versionId }) => versionId)).toEqual(['v2', 'v1'])
  })

  test('a password that has ceased to work is found by a login beside the pool', async () => {
    const harness = get()
    const held = await harness.open({ probeMs: 1_000 }).hold()
    harness.vault.put('AWSPENDING', 'v2', await harness.fresh(harness.a))
    await soon(() => expect(harness.swaps).toHaveLength(2))
    expect(harness.swaps[1]).toMatchObject({ versionId: 'v2', why: 'refused' })
    held.release()
  })
}

function troubleTests(get: Get): void {
  test('a credential that does not log in is not taken into use, and is tried again', async () => {
    const harness = get()
    const { a, b } = harness
    const pool = harness.open()
    await pool.user()
    const troubles: SwapTrouble[] = []
    pool.onTrouble((trouble) => troubles.push(trouble))
    await harness.publish('v2', { ...b, username: 'nobody' })
    await soon(() => expect(troubles).toHaveLength(1))
    expect(troubles[0]).toMatchObject({ failures: 1, error: { code: 'ERR_LOGIN_REFUSED' } })
    expect(await pool.user()).toBe(a.username)
    await harness.publish('v3', b)
    await soon(() => expect(harness.swaps).toHaveLength(2))
    expect(await pool.user()).toBe(b.username)
  })

  test('a server that is silent holds nobody up', async () => {
    const harness = get()
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const pool = harness.open({ loginWaitMs: 1_000 })
    await pool.user()
    const troubles: SwapTrouble[] = []
    pool.onTrouble((trouble) => troubles.push(trouble))
    await harness.publish('v2', { ...harness.b, host: '127.0.0.1', port })
    await soon(() => expect(troubles[0]).toMatchObject({ error: { code: 'ERR_LOGIN_SLOW' } }))
    await harness.publish('v3', harness.b)
    await soon(() => expect(harness.swaps.at(-1)).toMatchObject({ versionId: 'v3' }))
    expect(await pool.user()).toBe(harness.b.username)
    silent.close()
  })

  test('a server that restarts in the middle of a swap is waited for', async () => {
    const harness = get()
    const pool = harness.open()
    await pool.user()
    const restarted = harness.engine.restart()
    await harness.publish('v2', harness.b)
    await restarted
    harness.root = await harness.engine.root()
    // The servers of the tests do not wait for their disks: a restart may forget the last change.
    await harness.setPassword(harness.b)
    await soon(() => expect(harness.swaps).toHaveLength(2))
    expect(await pool.user()).toBe(harness.b.username)
  })
}

function hopelessTests(get: Get, { refusal }: PoolSubject): void {
  test('where nothing logs in, whoever asks is refused, after two logins at most', async () => {
    const harness = get()
    await harness.publish('v2', { ...harness.a, password: randomPassword('nobody') })
    const before = await harness.refusedLogins()
    const pool = harness.open({ loginWaitMs: 2_500, max: 20 })
    const asked = await Promise.allSettled(Array.from({ length: 50 }, () => pool.user()))
    const reason: unknown = expect.objectContaining(refusal)
    for (const answer of asked) expect(answer).toEqual({ status: 'rejected', reason })
    await soon(async () => expect(await harness.refusedLogins()).toBeGreaterThan(before))
    expect((await harness.refusedLogins()) - before).toBeLessThanOrEqual(2)
  })

  test('a source that does not answer at the start is named, and asked again', async () => {
    const harness = get()
    harness.vault.down = true
    harness.readAnew()
    const pool = harness.open({ loginWaitMs: 200 })
    await expect(pool.user()).rejects.toMatchObject({ code: 'ERR_SOURCE' })
    harness.vault.down = false
    await harness.credentials.refresh()
    expect(await pool.user()).toBe(harness.a.username)
  })

  test('a secret that cannot be used is named', async () => {
    const harness = get()
    harness.vault.putText('AWSCURRENT', 'v2', '{"password":"canary-secret"}')
    harness.readAnew()
    const pool = harness.open({ loginWaitMs: 200 })
    await expect(pool.user()).rejects.toMatchObject({ code: 'ERR_DOCUMENT_SHAPE' })
  })
}

function endTests(get: Get): void {
  test('an ended pool hands nothing out, and may be ended again', async () => {
    const harness = get()
    const pool = harness.open()
    await pool.user()
    await Promise.all([pool.end(), pool.end()])
    await expect(pool.user()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await pool.end()
    await soon(async () => expect(await harness.sessionsOf(harness.a)).toEqual([]))
  })

  test('the end waits for a transaction, and not for ever', async () => {
    const pool = get().open({ drainMs: 200 })
    const [quick, endless] = await Promise.all([pool.hold(), pool.hold()])
    await quick.begin()
    const ended = pool.end()
    await quick.commit()
    quick.release()
    await ended
    await expect(endless.user()).rejects.toThrow(CUT_OFF)
    endless.release()
  })
}
