import { readFile } from 'node:fs/promises'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import prometheus from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { randomPassword } from '../../testkit/src/servers/postgres.ts'
import { createCredentials } from '../src/credentials/credentials.ts'
import type { Credentials } from '../src/credentials/credentials.ts'
import type { CredentialSource } from '../src/credentials/source.ts'
import { poolFigures } from '../src/watch/figures.ts'
import { poolHealth } from '../src/watch/health.ts'
import { observePool, registerPools } from '../src/watch/meters.ts'
import { HandVault } from './hand-vault.ts'
import { clientPg } from './pg-pool.ts'
import { soon } from './pool-harness.ts'
import type { TestPoolOptions } from './pool-harness.ts'

/** Collects when a test asks. */
class HandReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {
    await Promise.resolve()
  }

  protected override async onShutdown(): Promise<void> {
    await Promise.resolve()
  }
}

let engine: RigEngine
let ca = ''
let vault: HandVault
let credentials: Credentials

beforeAll(async () => {
  engine = await postgresRig()
  ca = await readFile(engine.caFile, 'utf8')
}, 60_000)

afterAll(async () => {
  await engine[Symbol.asyncDispose]()
})

beforeEach(() => {
  vault = new HandVault()
  vault.put('AWSCURRENT', 'v1', engine.slots.A)
  credentials = createCredentials(vault.source, { pollMs: 0, cooldownMs: 0 })
})

afterEach(() => {
  credentials.close()
})

function open(options: Partial<TestPoolOptions> = {}): ReturnType<typeof clientPg> {
  return clientPg({ credentials, ca, max: 2, probeMs: 0, ...options })
}

describe('the figures of a pool', () => {
  test('are nothing before the first credential', () => {
    const pool = open()
    const nothing = { size: 0, idle: 0, inUse: 0, waiting: 0, draining: 0 }
    expect(poolFigures(pool)).toEqual({ ...nothing, swaps: 0, refusedLogins: 0 })
  })

  test('tell what is in use, who waits, and what has been replaced', async () => {
    const pool = open()
    const held = [await pool.connect(), await pool.connect()]
    const waiting = pool.query('SELECT 1')
    const { username } = engine.slots.A
    expect(poolFigures(pool)).toMatchObject({
      ...{ size: 2, idle: 0, inUse: 2, waiting: 1, swaps: 0, versionId: 'v1', username },
      secondsSinceSwap: expect.any(Number) as unknown,
    })
    const swapped = new Promise<void>((resolve) => void pool.once('swap', resolve))
    vault.put('AWSCURRENT', 'v2', engine.slots.B)
    await credentials.refresh()
    await swapped
    await waiting
    expect(poolFigures(pool)).toMatchObject({ draining: 1, swaps: 1, waiting: 0, versionId: 'v2' })
    for (const client of held) client.release()
    await soon(() => expect(poolFigures(pool).draining).toBe(0))
    await pool.end()
  })

  test('tell how long it took from the making of a password until it served', async () => {
    const pool = open()
    await pool.query('SELECT 1')
    expect(poolFigures(pool)).not.toHaveProperty('secondsToDetect')
    const { username, password, host, port, dbname } = engine.slots.B
    const changed_at = new Date(Date.now() - 3_600_000).toISOString()
    const value = { username, password: password.reveal(), host, port, dbname, changed_at }
    vault.putText('AWSCURRENT', 'v2', JSON.stringify(value))
    await credentials.refresh()
    await soon(() => expect(poolFigures(pool).swaps).toBe(1))
    expect(poolFigures(pool).secondsToDetect).toBeGreaterThan(3_599)
    await pool.end()
  })

  test('tell how long it took from the making of a version that the source dates', async () => {
    const createdAt = new Date(Date.now() - 3_600_000)
    const source: CredentialSource = async (request) => ({
      ...(await vault.source(request)),
      ...(request.fresh && { createdAt }),
    })
    credentials.close()
    credentials = createCredentials(source, { pollMs: 0, cooldownMs: 0 })
    const pool = open()
    await pool.query('SELECT 1')
    vault.put('AWSCURRENT', 'v2', engine.slots.B)
    await credentials.refresh()
    await soon(() => expect(poolFigures(pool).swaps).toBe(1))
    expect(poolFigures(pool).secondsToDetect).toBeGreaterThan(3_599)
    await pool.end()
  })

  test('tell how long it took from the first refusal, where nobody says when', async () => {
    const wrong = { ...engine.slots.A, password: randomPassword('nobody') }
    vault.put('AWSCURRENT', 'v1', wrong)
    await credentials.refresh()
    vault.put('AWSPREVIOUS', 'v0', engine.slots.A)
    const pool = open()
    await pool.query('SELECT 1')
    const { secondsToDetect } = poolFigures(pool)
    expect(secondsToDetect).toBeGreaterThan(0)
    const registry = new prometheus.Registry()
    registerPools({ shop: pool }, prometheus, registry)
    const named = `cuedot_pool_seconds_to_detect{pool="shop"} ${secondsToDetect}`
    expect(await registry.metrics()).toContain(named)
    await pool.end()
  })

  test('count the logins that the server has refused', async () => {
    vault.put('AWSCURRENT', 'v2', { ...engine.slots.A, password: randomPassword('nobody') })
    await credentials.refresh()
    const pool = open({ loginWaitMs: 0 })
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '28P01' })
    expect(poolFigures(pool).refusedLogins).toBe(1)
    await pool.end()
  })

  test('are none of a pool that somebody else has made', () => {
    expect(() => poolFigures({})).toThrow('was not made by this package')
  })
})

describe('the health of a pool', () => {
  test('is good while queries run', async () => {
    const pool = open()
    expect(await poolHealth(pool)).toEqual({ status: 'healthy' })
    expect(poolFigures(pool)).toMatchObject({ inUse: 0, idle: 1 })
    await pool.end()
  })

  test('is bad, and says no more, while none does, or none in time', async () => {
    const bad = { status: 'unhealthy', reason: 'Database connection failed' }
    const stuck = open({ max: 1 })
    const held = await stuck.connect()
    expect(await poolHealth(stuck, 50)).toEqual(bad)
    held.release()
    await stuck.end()
    vault.down = true
    credentials.close()
    credentials = createCredentials(vault.source, { cooldownMs: 0 })
    const pool = open({ loginWaitMs: 50 })
    expect(await poolHealth(pool)).toEqual(bad)
    await pool.end()
  })
})

describe('the figures of a pool for a meter', () => {
  test('are observed by OpenTelemetry', async () => {
    const reader = new HandReader()
    const provider = new MeterProvider({ readers: [reader] })
    const pool = open()
    await pool.query('SELECT 1')
    observePool(pool, 'shop', provider.getMeter('test'))
    const { resourceMetrics } = await reader.collect()
    const told = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
    const names = told.map(({ descriptor }) => descriptor.name)
    expect(names).toEqual(
      [
        ...['size', 'idle', 'in_use', 'waiting', 'draining', 'swaps', 'refused_logins'],
        'since_swap',
      ].map((name) => `cuedot.pool.${name}`),
    )
    expect(told[0]?.dataPoints[0]).toMatchObject({ value: 1, attributes: { pool: 'shop' } })
    await provider.shutdown()
    await pool.end()
  })

  test('are in the text of Prometheus', async () => {
    const registry = new prometheus.Registry()
    const pool = open()
    await pool.query('SELECT 1')
    registerPools({ shop: pool }, prometheus, registry)
    const text = await registry.metrics()
    expect(text).toContain('cuedot_pool_size{pool="shop"} 1')
    expect(text).toContain('cuedot_pool_swaps{pool="shop"} 0')
    expect(text).toMatch(/cuedot_pool_seconds_since_swap\{pool="shop"\} \d/)
    await pool.end()
  })
})
