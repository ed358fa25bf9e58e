// Goal: of every pool that another has replaced it is told once that it has ended, and how. Method:
// a server, a driver and a secret in memory, in virtual time.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCredentials } from '../credentials/credentials.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { HandServer, HandVault } from './fixture.ts'
import type { HandConnection } from './fixture.ts'
import { rotatingSettings } from './options.ts'
import { RotatingPool } from './rotating-pool.ts'
import type { Drained } from './succession.ts'

const DRAIN_MS = 3_000

let server: HandServer
let vault: HandVault
let credentials: Credentials
let pool: RotatingPool<HandConnection>
let drained: Drained[]

beforeEach(() => {
  vi.useFakeTimers()
  server = new HandServer()
  vault = new HandVault()
  drained = []
  server.accept('v1', 'v2')
  vault.move('AWSCURRENT', 'v1')
  credentials = createCredentials(vault.source, { pollMs: 0 })
  pool = new RotatingPool({
    ...{ credentials, driver: server.driver(5) },
    settings: rotatingSettings({ drainMs: DRAIN_MS, probeMs: 0 }),
    ...{ onSwap: () => undefined, onTrouble: () => undefined },
    onDrained: (told) => void drained.push(told),
  })
})

afterEach(() => {
  credentials.close()
  vi.useRealTimers()
})

async function take(): Promise<HandConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<HandConnection>()
  pool.checkOut((error, connection) => {
    if (connection === undefined) reject(error)
    else resolve(connection)
  })
  await vi.advanceTimersByTimeAsync(100)
  return await promise
}

async function swap(): Promise<void> {
  vault.move('AWSCURRENT', 'v2')
  void credentials.refresh()
  await vi.advanceTimersByTimeAsync(1_100)
  expect(pool.serving?.held.versionId).toBe('v2')
}

test('a pool that nobody uses any more ends by itself', async () => {
  const held = await take()
  await swap()
  expect(drained).toEqual([])
  held.release()
  await vi.advanceTimersByTimeAsync(DRAIN_MS)
  expect(drained).toEqual([{ versionId: 'v1', username: 'app', why: 'unused' }])
  expect(pool.counts.draining).toBe(0)
})

test('a pool that somebody uses too long ends at the limit', async () => {
  await take()
  await swap()
  await vi.advanceTimersByTimeAsync(DRAIN_MS)
  expect(drained).toEqual([{ versionId: 'v1', username: 'app', why: 'limit' }])
})

test('a pool that cannot be closed says why', async () => {
  const held = await take()
  server.closing = new Error('the socket is gone')
  held.release()
  await swap()
  const { closing: error } = server
  expect(drained).toEqual([{ versionId: 'v1', username: 'app', why: 'unused', error }])
})

test('at the end it is told of what was replaced, and not of what served', async () => {
  await take()
  await swap()
  const ended = pool.end()
  await vi.advanceTimersByTimeAsync(DRAIN_MS)
  await ended
  expect(drained).toEqual([{ versionId: 'v1', username: 'app', why: 'limit' }])
})
