import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startHttpEnd } from '../../testkit/src/servers/http-end.ts'
import { secretsManager } from '../src/store/secrets-manager.ts'
import type { SecretsManager } from '../src/store/secrets-manager.ts'
import { handClock } from './hand-store.ts'

let fake: FakeSecretsManager
const clock = handClock()

beforeAll(async () => {
  fake = await startSecretsManager()
  const admin = secretsManagerAdmin(fake.endpoint)
  for (const name of ['a', 'b']) await admin.createSecret(name, 'canary-1')
})

afterAll(async () => {
  await fake[Symbol.asyncDispose]()
})

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
})

afterEach(() => {
  fake.heal()
  vi.unstubAllEnvs()
})

function storeAt(endpoint: string): SecretsManager {
  return secretsManager({ region: 'us-east-1', endpoint, version: '1.2.3', clock })
}

test('a call that is never answered ends all the same', async () => {
  const struck = Promise.withResolvers<void>()
  fake.fail({ kind: 'hang', struck: struck.resolve })
  const store = storeAt(fake.endpoint)
  const reading = store.read({ secretId: 'a' })
  await struck.promise
  clock.pass(30_000)
  await expect(reading).rejects.toMatchObject({ status: 504, isTransient: true })
  store.close()
})

test('a call that is throttled or cut off is made again', async () => {
  const store = storeAt(fake.endpoint)
  for (const kind of ['throttle', 'answer-lost'] as const) {
    const before = fake.calls.length
    fake.fail({ kind, calls: 2, secret: 'b' })
    expect((await store.read({ secretId: 'b' })).content().toString()).toBe('canary-1')
    const calls = fake.calls.slice(before).filter(({ secret }) => secret === 'b')
    expect(calls).toHaveLength(3)
  }
  store.close()
})

test('calls say who makes them', async () => {
  const agents: string[] = []
  await using end = await startHttpEnd(async ({ headers }, response) => {
    agents.push(String(headers['user-agent']))
    response.writeHead(400).end('{"__type":"AccessDeniedException"}')
  })
  const store = storeAt(end.url)
  await expect(store.describe('a')).rejects.toMatchObject({ status: 400, isTransient: false })
  expect(agents).toEqual([expect.stringContaining('cuedot-agent/1.2.3')])
  store.close()
})

test('an answer that is no JSON is an error of the gateway', async () => {
  await using end = await startHttpEnd(async (_request, response) => {
    response.writeHead(200).end('<html>canary</html>')
  })
  const store = storeAt(end.url)
  const error: unknown = await store.read({ secretId: 'a' }).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ status: 502, message: 'ConnectionError', isTransient: true })
  expect(String(error)).not.toContain('canary')
  store.close()
})
