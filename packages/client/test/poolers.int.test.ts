// Goal: a pool behind PgBouncer follows its credential like any other. PgBouncer has one code,
// 08P01, for a login that it refuses and for whatever else keeps it from serving one, and
// PostgreSQL has it for errors of statements. Method: a real PgBouncer as `examples/pgbouncer` has
// it, whose server's passwords change.
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { pgbouncerRig } from '../../testkit/src/rig/pgbouncer.ts'
import type { PgbouncerRig } from '../../testkit/src/rig/pgbouncer.ts'
import { poolerHere } from '../../testkit/src/servers/poolers-get.ts'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import { createPgPool } from '../src/drivers/pg.ts'
import type { Credential } from '../src/protocol/credential.ts'
import { poolFigures } from '../src/watch/figures.ts'
import { ON_POSTGRES } from './pg-pool.ts'
import { PoolHarness, soon } from './pool-harness.ts'

describe.skipIf(poolerHere('pgbouncer') === undefined)('a pool of pg behind PgBouncer', () => {
  let rig: PgbouncerRig
  let harness: PoolHarness

  beforeAll(async () => {
    rig = await pgbouncerRig(async () => ({}))
    const behind = (slot: Credential): Credential => ({ ...slot, port: rig.bouncer.port })
    const slots = { A: behind(rig.slots.A), B: behind(rig.slots.B) }
    const start = async (): Promise<RigEngine> => await Promise.resolve({ ...rig, slots })
    harness = await PoolHarness.start({ ...ON_POSTGRES, start })
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

  test('a login that PgBouncer refuses is made again with what is current by then', async () => {
    const pool = harness.open()
    const held = await pool.hold()
    harness.vault.put('AWSCURRENT', 'v2', await harness.fresh(harness.a))
    expect(await pool.user()).toBe(harness.a.username)
    expect(harness.swaps.map(({ versionId }) => versionId)).toEqual(['v1', 'v2'])
    held.release()
  })

  test('where the database is ahead of the secret, what is pending gets in', async () => {
    const pool = harness.open()
    const held = await pool.hold()
    harness.vault.put('AWSPENDING', 'v2', await harness.fresh(harness.a))
    expect(await pool.user()).toBe(harness.a.username)
    expect(harness.swaps[1]).toMatchObject({ versionId: 'v2', why: 'refused' })
    held.release()
  })

  test('where the database was set back, what was current before gets in', async () => {
    const { a } = harness
    harness.vault.put('AWSPREVIOUS', 'v1', a)
    await harness.publish('v2', { ...a, password: randomPassword(a.username) })
    expect(await harness.open().user()).toBe(a.username)
    expect(harness.swaps.map(({ versionId }) => versionId)).toEqual(['v2', 'v1'])
  })

  test('a user that PgBouncer does not find is a login refused', async () => {
    const { a, b } = harness
    harness.vault.put('AWSPENDING', 'v2', b)
    await harness.publish('v1', { ...a, username: 'nobody' })
    expect(await harness.open().user()).toBe(b.username)
  })

  test('a protocol error of a statement is the application’s, and is no refusal', async () => {
    const { credentials, vault } = harness
    const options = { credentials, Pool: pg.Pool, ssl: { ca: rig.ca }, host: 'localhost' }
    const pool = createPgPool({ ...options, probeMs: 0 })
    await pool.query('SELECT 1')
    const asked = vault.asked.length
    const tooFew = pool.query('SELECT $1::int, $2::int', [1])
    await expect(tooFew).rejects.toMatchObject({ code: '08P01', routine: 'exec_bind_message' })
    expect(poolFigures(pool)).toMatchObject({ swaps: 0, refusedLogins: 0, versionId: 'v1' })
    expect(vault.asked).toHaveLength(asked)
    await pool.end()
  })

  test('where PgBouncer serves nobody, it is soon asked again', async () => {
    const pool = harness.open({ loginWaitMs: 60_000 })
    const held = await pool.hold()
    await onConsole('DISABLE app')
    const asked = pool.user()
    await soon(() => expect(harness.vault.asked).toContain('AWSPREVIOUS'))
    await onConsole('ENABLE app')
    expect(await asked).toBe(harness.a.username)
    expect(harness.swaps.map(({ versionId }) => versionId)).toEqual(['v1', 'v1'])
    held.release()
  })

  test('where PgBouncer goes on serving nobody, what it says is thrown', async () => {
    const pool = harness.open({ loginWaitMs: 0 })
    await onConsole('DISABLE app')
    await expect(pool.user()).rejects.toMatchObject({ code: '08P01' })
    await onConsole('ENABLE app')
  })

  async function onConsole(command: string): Promise<void> {
    const console = new pg.Client({
      ...{ host: 'localhost', port: rig.bouncer.port, database: 'pgbouncer', user: 'pgbouncer' },
      ...{ password: 'public-first-password', ssl: { ca: rig.ca } },
    })
    await console.connect()
    await console.query(command)
    await console.end()
  }
})
