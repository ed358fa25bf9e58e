// Goal: when CommNG's secret is asked for. Method: a source that a test answers, and fake timers.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { handSource, secretOf } from '../../credentials/fixture.ts'
import { createSecretsManager } from './index.ts'
import type { SecretsManager } from './index.ts'

const VARIABLES = { DB_SECRET_ID: 'a', POSTGRES_PASSWORD: 'canary-env' }
const { asked, source } = handSource()
let lines: string[]
let secretsManager: SecretsManager

const log = {
  debug: (message: string) => void lines.push(message),
  info: (message: string) => void lines.push(message),
  warn: (_: unknown, message: string) => void lines.push(message),
  error: (_: unknown, message: string) => void lines.push(message),
}

beforeEach(() => {
  vi.useFakeTimers()
  asked.length = 0
  lines = []
  secretsManager = createSecretsManager({ log, variables: VARIABLES, source })
})

afterEach(() => {
  secretsManager.close()
  vi.useRealTimers()
})

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

/** Of `versionId` as the fixture has it. */
function loginOf(versionId: string): object {
  return { username: 'app', password: `canary-${versionId}` }
}

async function begin(callback?: (credentials: unknown) => Promise<void>): Promise<void> {
  const started = secretsManager.startAutoRefresh(10_000, callback)
  await pass(0)
  asked[0]?.answer('v1')
  await pass(0)
  await started
}

describe('CommNG’s auto-refresh', () => {
  test('asks for nothing before it is started or somebody asks', async () => {
    await pass(600_000)
    expect(asked).toHaveLength(0)
  })

  test('CN8: never asks while a question is open, nor each time after as long', async () => {
    await begin()
    while (asked.length === 1) await vi.advanceTimersToNextTimerAsync()
    // After ten seconds it would count as lost.
    await pass(9_900)
    expect(asked).toHaveLength(2)
    asked[1]?.answer('v2')
    const moments = new Set<number>()
    for (let turn = 2; turn < 8; turn++) {
      const before = performance.now()
      await vi.advanceTimersToNextTimerAsync()
      while (asked.length === turn) await vi.advanceTimersToNextTimerAsync()
      moments.add(Math.round(performance.now() - before))
      asked[turn]?.answer('v2')
      await pass(0)
    }
    expect(moments.size).toBeGreaterThan(1)
    for (const moment of moments) expect(moment).toBeLessThanOrEqual(12_500)
  })

  test('C16: is told when it begins and when it ends, and ends once', async () => {
    await begin()
    secretsManager.stopAutoRefresh()
    secretsManager.stopAutoRefresh()
    expect(lines.slice(-3)).toEqual([
      'Auto-refresh started - checking for secret rotation every 10 seconds',
      'Successfully fetched database credentials from Secrets Manager',
      'Auto-refresh stopped',
    ])
    await pass(600_000)
    expect(asked).toHaveLength(1)
  })

  test('T85: tells of another password and of nothing else', async () => {
    const told: unknown[] = []
    await begin(async (credentials) => void told.push(credentials))
    await pass(12_500)
    asked[1]?.answer('v2', secretOf('v1'))
    await pass(12_500)
    expect(told).toEqual([])
    asked[2]?.answer('v3')
    await pass(0)
    expect(told).toEqual([loginOf('v3')])
  })

  test('CN1: tells again, after pauses, until it is heard', async () => {
    const told = vi.fn<(credentials: unknown) => Promise<void>>()
    told.mockRejectedValue(new Error('not yet'))
    await begin(told)
    await pass(12_500)
    asked[1]?.answer('v2')
    await pass(0)
    expect(told).toHaveBeenCalledTimes(1)
    await pass(1_000)
    expect(told).toHaveBeenCalledTimes(2)
    await pass(2_000)
    expect(told).toHaveBeenCalledTimes(3)
    expect(lines).toContain('Failed to refresh secret')
  })

  test('CN3: what could not be read at the start is asked for again in a second', async () => {
    const started = secretsManager.startAutoRefresh(10_000)
    await pass(0)
    asked[0]?.fail()
    await pass(0)
    await started
    await pass(1_000)
    expect(asked).toHaveLength(2)
    asked[1]?.fail()
    await pass(1_000)
    expect(asked).toHaveLength(3)
    asked[2]?.answer('v1')
    await pass(0)
    expect(await secretsManager.getCredentials()).toEqual(loginOf('v1'))
  })

  test('C16: an error of the secret is one of whoever asks for it', async () => {
    const given = secretsManager.getCredentials().catch((error: unknown) => error)
    await pass(0)
    for (let turn = 0; turn < 2; turn++) {
      asked[turn]?.fail()
      await pass(0)
    }
    expect(await given).toMatchObject({ code: 'ERR_SOURCE' })
    expect(lines).toContain('Failed to fetch secret from Secrets Manager')
  })

  test.each([999, Number.NaN, 86_400_001])('refuses an interval of %s ms', async (ms) => {
    await expect(secretsManager.startAutoRefresh(ms)).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  })
})
