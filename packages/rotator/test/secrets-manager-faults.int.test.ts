import { inspect } from 'node:util'
import { Sensitive } from '@cuedot/client/protocol'
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { codeOf, soon, within } from '../../testkit/src/conformance/database-fixture.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SecretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { freePort } from '../../testkit/src/servers/ports.ts'
import { secretsManagerStore } from '../src/adapters/secrets-manager/store.ts'
import { isRotatorError } from '../src/errors.ts'
import type { SecretStore } from '../src/ports/secret-store.ts'

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  vi.stubEnv('AWS_REGION', 'us-east-1')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

let fake: FakeSecretsManager
let admin: SecretsManagerAdmin
let name = ''
let first = ''
let store: SecretStore

beforeAll(async () => {
  fake = await startSecretsManager()
  admin = secretsManagerAdmin(fake.endpoint)
})

afterAll(async () => {
  await fake[Symbol.asyncDispose]()
})

/** The actions that the store has asked for since the beginning of the test. */
let since = 0
const asked = (): readonly string[] => fake.log.slice(since)

beforeEach(async () => {
  name = `secret-${randomUUID()}`
  await admin.createSecret(name, '{"v":1}')
  store = secretsManagerStore({ secret: name, endpoint: fake.endpoint, requestTimeoutMs: 2000 })
  first = (await store.read(soon())).current.id
  since = fake.log.length
})

afterEach(() => {
  fake.heal()
})

const VALUE = new Sensitive('{"v":2,"password":"canary-in-transit"}', 'value')

describe('a throttled call', () => {
  test('is repeated and succeeds when the service recovers', async () => {
    const token = randomUUID()
    fake.fail({ kind: 'throttle' })
    await store.stage(VALUE, token, soon())
    fake.fail({ kind: 'throttle' })
    await store.promote(token, first, soon())
    fake.fail({ kind: 'throttle' })
    expect((await store.read(soon())).current.id).toBe(token)
  })

  test('is ERR_STORE_THROTTLED when the service does not recover', async () => {
    fake.fail({ kind: 'throttle', calls: 100 })
    expect(await codeOf(store.read(soon()))).toBe('ERR_STORE_THROTTLED')
    expect(await codeOf(store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_STORE_THROTTLED')
    expect(await codeOf(store.promote(randomUUID(), first, soon()))).toBe('ERR_STORE_THROTTLED')
  })
})

describe('a refused call', () => {
  test.each(['GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'])(
    'is ERR_STORE_DENIED and names the action: %s',
    async (action) => {
      fake.fail({ kind: 'denied', action, calls: 10 })
      const errors = await Promise.allSettled([
        store.read(soon()),
        store.stage(VALUE, randomUUID(), soon()),
        store.promote(randomUUID(), first, soon()),
      ])
      const denied = errors.flatMap((each) =>
        each.status === 'rejected' && isRotatorError(each.reason) ? [each.reason] : [],
      )
      const [error] = denied.filter(({ code }) => code === 'ERR_STORE_DENIED')
      expect(error?.details).toEqual({ secret: name, operation: action })
      expect(inspect(errors, { depth: 9 })).not.toContain('canary')
    },
  )
})

describe('an answer that is lost', () => {
  test('to the move of a label is ERR_OUTCOME_UNKNOWN, and the move is not repeated', async () => {
    const token = randomUUID()
    await store.stage(VALUE, token, soon())
    since = fake.log.length
    fake.fail({ kind: 'answer-lost' })
    expect(await codeOf(store.promote(token, first, soon()))).toBe('ERR_OUTCOME_UNKNOWN')
    expect(asked()).toEqual(['UpdateSecretVersionStage'])
    expect((await store.read(soon())).current.id).toBe(token)
    await store.promote(token, first, soon())
  })

  test('to a staged value is made good by the same request again', async () => {
    const token = randomUUID()
    fake.fail({ kind: 'answer-lost' })
    await store.stage(VALUE, token, soon())
    expect(asked()).toEqual(['PutSecretValue', 'PutSecretValue'])
    expect((await store.read(soon())).pending?.id).toBe(token)
    const { Versions } = await admin.call('ListSecretVersionIds', { SecretId: name })
    expect(Versions).toHaveLength(2)
  })

  test('to every repetition of a staged value is ERR_OUTCOME_UNKNOWN', async () => {
    fake.fail({ kind: 'answer-lost', calls: 100 })
    expect(await codeOf(store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_OUTCOME_UNKNOWN')
  })

  test('stays unknown when a later attempt is refused', async () => {
    fake.fail({ kind: 'answer-lost' })
    fake.fail({ kind: 'denied' })
    expect(await codeOf(store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_OUTCOME_UNKNOWN')
  })

  test('to a read is ERR_STORE_UNREACHABLE', async () => {
    fake.fail({ kind: 'answer-lost', calls: 100 })
    expect(await codeOf(store.read(soon()))).toBe('ERR_STORE_UNREACHABLE')
  })

  test('is unknown as well when the request never arrived or the server broke', async () => {
    fake.fail({ kind: 'request-lost' })
    expect(await codeOf(store.promote(randomUUID(), first, soon()))).toBe('ERR_OUTCOME_UNKNOWN')
    fake.fail({ kind: 'broken', calls: 3 })
    expect(await codeOf(store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_OUTCOME_UNKNOWN')
    fake.fail({ kind: 'broken', calls: 3 })
    expect(await codeOf(store.read(soon()))).toBe('ERR_STORE_UNREACHABLE')
  })
})

describe('a service that does not answer', () => {
  test('is given up after the time for one request, deadline or not', async () => {
    const call = { signal: new AbortController().signal }
    const token = randomUUID()
    const hasty = secretsManagerStore({
      secret: name,
      endpoint: fake.endpoint,
      requestTimeoutMs: 50,
    })
    await store.stage(VALUE, token, call)
    fake.fail({ kind: 'hang' })
    expect(await codeOf(hasty.promote(token, first, call))).toBe('ERR_OUTCOME_UNKNOWN')
    fake.fail({ kind: 'hang', calls: 3 })
    expect(await codeOf(hasty.read(call))).toBe('ERR_STORE_UNREACHABLE')
  }, 15_000)

  test('is left when the deadline of the call passes', async () => {
    fake.fail({ kind: 'hang', calls: 10 })
    expect(await codeOf(store.read(within(50)))).toBe('ERR_STORE_UNREACHABLE')
    expect(await codeOf(store.stage(VALUE, randomUUID(), within(50)))).toBe('ERR_OUTCOME_UNKNOWN')
    expect(await codeOf(store.promote(first, randomUUID(), within(50)))).toBe('ERR_OUTCOME_UNKNOWN')
  })

  test('because nothing listens there is ERR_STORE_UNREACHABLE, for writes too', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    const nowhere = secretsManagerStore({ secret: name, endpoint })
    expect(await codeOf(nowhere.read(soon()))).toBe('ERR_STORE_UNREACHABLE')
    expect(await codeOf(nowhere.stage(VALUE, randomUUID(), soon()))).toBe('ERR_STORE_UNREACHABLE')
    expect(await codeOf(nowhere.promote(first, randomUUID(), soon()))).toBe('ERR_STORE_UNREACHABLE')
  })
})

describe('the AWS configuration', () => {
  test('without a region is ERR_CONFIG', async () => {
    vi.stubEnv('AWS_REGION', undefined)
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent')
    const nowhere = secretsManagerStore({ secret: name, endpoint: fake.endpoint })
    expect(await codeOf(nowhere.read(soon()))).toBe('ERR_CONFIG')
  })

  test('without credentials is ERR_STORE_DENIED and nothing is sent', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent')
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    const anonymous = secretsManagerStore({ secret: name, endpoint: fake.endpoint })
    expect(await codeOf(anonymous.read(soon()))).toBe('ERR_STORE_DENIED')
    expect(await codeOf(anonymous.promote(first, randomUUID(), soon()))).toBe('ERR_STORE_DENIED')
    expect(asked()).toEqual([])
  })
})
