// Goal: a store that is down is nobody's outage, and comes back to a crowd that is spread out.
// Method: hours in virtual time, against a server, a driver and a secret in memory.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCredentials } from '../credentials/credentials.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { secretOf } from '../credentials/fixture.ts'
import { HandServer, HandVault } from './fixture.ts'
import type { HandConnection } from './fixture.ts'
import { rotatingSettings } from './options.ts'
import { RotatingPool } from './rotating-pool.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

interface Application extends AsyncDisposable {
  readonly server: HandServer
  readonly vault: HandVault
  /** How often the secret was asked for. */
  readonly asked: number
  /** One request with a connection of its own. @returns the version it was served with */
  ask(): Promise<string>
}

function start(): Application {
  const server = new HandServer()
  const vault = new HandVault()
  server.accept('v1')
  vault.move('AWSCURRENT', 'v1')
  let times = 0
  const credentials = createCredentials(
    async (request) => {
      times += 1
      return await vault.source(request)
    },
    { pollMs: 5 * MINUTE },
  )
  const pool = new RotatingPool<HandConnection>({
    ...{ credentials, settings: rotatingSettings({}), driver: server.driver(5) },
    ...{ onSwap: () => undefined, onTrouble: () => undefined, onDrained: () => undefined },
  })
  return {
    ...{ server, vault },
    get asked() {
      return times
    },
    async ask() {
      for (const each of server.pools) each.loseIdle()
      const { promise, resolve, reject } = Promise.withResolvers<HandConnection>()
      pool.checkOut((error, connection) => {
        if (connection === undefined) reject(error)
        else resolve(connection)
      })
      const asked = promise.then(
        (connection) => {
          connection.release()
          return connection.versionId
        },
        (error: unknown) => String(error),
      )
      await vi.advanceTimersByTimeAsync(15_000)
      return await asked
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
      credentials.close()
    },
  }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a store that is down', () => {
  test('for an hour is not noticed by who asks the pool, nor asked without a pause', async () => {
    await using app = start()
    expect(await app.ask()).toBe('v1')
    app.vault.down = true
    const before = app.asked
    const served = new Set<string>()
    for (let minutes = 0; minutes < 60; minutes++) {
      served.add(await app.ask())
      await vi.advanceTimersByTimeAsync(45_000)
    }
    expect([...served]).toEqual(['v1'])
    const asked = app.asked - before
    expect(asked).toBeGreaterThan(60)
    // At least 15 seconds lie between two attempts, once it has failed six times.
    expect(asked).toBeLessThan(250)
    app.server.accept('v1', 'v2')
    app.vault.move('AWSCURRENT', 'v2')
    app.vault.down = false
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await app.ask()).toBe('v2')
  })

  test('when an application starts is waited for, then named, then found again', async () => {
    await using app = start()
    app.vault.down = true
    expect(await app.ask()).toContain('the source')
    app.vault.down = false
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await app.ask()).toBe('v1')
  })
})

test('a server behind a pooler that was away for an hour serves again 15 s later', async () => {
  await using app = start()
  expect(await app.ask()).toBe('v1')
  app.server.isAway = true
  for (let minutes = 0; minutes < 60; minutes++) {
    expect(await app.ask()).not.toBe('v1')
    await vi.advanceTimersByTimeAsync(45_000)
  }
  app.server.isAway = false
  expect(await app.ask()).toBe('v1')
})

describe('a thousand instances that start together', () => {
  /** The most that ask within one second, from one time to another. */
  async function mostInASecond(
    down: (now: number) => boolean,
    [from, to]: readonly [number, number],
  ): Promise<number> {
    const begun = Date.now()
    const seconds = new Map<number, number>()
    const source = async (): Promise<{ versionId: string; value: string }> => {
      const now = Date.now() - begun
      if (now >= from) {
        const second = Math.floor(now / 1_000)
        seconds.set(second, (seconds.get(second) ?? 0) + 1)
      }
      if (down(now)) throw new Error('throttled')
      return await Promise.resolve({ versionId: 'v1', value: secretOf('v1') })
    }
    const all: Credentials[] = []
    for (let n = 0; n < 1_000; n++) all.push(createCredentials(source, { pollMs: 5 * MINUTE }))
    await vi.advanceTimersByTimeAsync(to)
    for (const credentials of all) credentials.close()
    return Math.max(...seconds.values())
  }

  test('poll apart from one another', async () => {
    const first = await mostInASecond(() => false, [1_000, 7 * MINUTE])
    const later = await mostInASecond(() => false, [HOUR, 2 * HOUR])
    console.log(`of 1,000 in one second: ${first} at the first poll, ${later} after an hour`)
    // Spread evenly over 150 seconds it would be 7, over 300 it would be 3 or 4.
    expect(first).toBeLessThan(30)
    expect(later).toBeLessThan(30)
  })

  test('come back from an outage of the store apart from one another', async () => {
    const outage = 20 * MINUTE
    const back = await mostInASecond((now) => now > 1_000 && now < outage, [outage, HOUR])
    console.log(`of 1,000 in one second: ${back} when the store is back`)
    // Spread evenly over 15 seconds it would be 67.
    expect(back).toBeLessThan(150)
  })
})
