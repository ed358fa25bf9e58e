import { inspect } from 'node:util'
import { randomUUID } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { codeOf, soon, within } from '../../testkit/src/conformance/database-fixture.ts'
import { freePort } from '../../testkit/src/servers/ports.ts'
import { secretsManagerStore } from '../src/adapters/secrets-manager/store.ts'
import { isRotatorError } from '../src/errors.ts'
import { VALUE, useSecretsManager } from './secrets-manager-fixture.ts'

const suite = useSecretsManager()

describe('a throttled call', () => {
  test('is repeated and succeeds when the service recovers', async () => {
    const token = randomUUID()
    suite.fake.fail({ kind: 'throttle' })
    await suite.store.stage(VALUE, token, soon())
    suite.fake.fail({ kind: 'throttle' })
    await suite.store.promote(token, suite.first, soon())
    suite.fake.fail({ kind: 'throttle' })
    expect((await suite.store.read(soon())).current.id).toBe(token)
  })

  test('is ERR_STORE_THROTTLED when the service does not recover', async () => {
    suite.fake.fail({ kind: 'throttle', calls: 100 })
    expect(await codeOf(suite.store.read(soon()))).toBe('ERR_STORE_THROTTLED')
    expect(await codeOf(suite.store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_STORE_THROTTLED')
    expect(await codeOf(suite.store.promote(randomUUID(), suite.first, soon()))).toBe(
      'ERR_STORE_THROTTLED',
    )
  })
})

describe('a refused call', () => {
  test.each(['GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'])(
    'is ERR_STORE_DENIED and names the action: %s',
    async (action) => {
      suite.fake.fail({ kind: 'denied', action, calls: 10 })
      const errors = await Promise.allSettled([
        suite.store.read(soon()),
        suite.store.stage(VALUE, randomUUID(), soon()),
        suite.store.promote(randomUUID(), suite.first, soon()),
      ])
      const denied = errors.flatMap((each) =>
        each.status === 'rejected' && isRotatorError(each.reason) ? [each.reason] : [],
      )
      const [error] = denied.filter(({ code }) => code === 'ERR_STORE_DENIED')
      expect(error?.details).toEqual({
        ...{ secret: suite.name, operation: `secretsmanager:${action}` },
        problem: 'AccessDeniedException',
      })
      expect(inspect(errors, { depth: 9 })).not.toContain('canary')
    },
  )
})

describe('an answer that is lost', () => {
  test('to the move of a label is ERR_OUTCOME_UNKNOWN, and the move is not repeated', async () => {
    const token = randomUUID()
    await suite.store.stage(VALUE, token, soon())
    suite.forget()
    suite.fake.fail({ kind: 'answer-lost' })
    expect(await codeOf(suite.store.promote(token, suite.first, soon()))).toBe(
      'ERR_OUTCOME_UNKNOWN',
    )
    expect(suite.asked()).toEqual(['UpdateSecretVersionStage'])
    expect((await suite.store.read(soon())).current.id).toBe(token)
    await suite.store.promote(token, suite.first, soon())
  })

  test('to a staged value is made good by the same request again', async () => {
    const token = randomUUID()
    suite.fake.fail({ kind: 'answer-lost' })
    await suite.store.stage(VALUE, token, soon())
    expect(suite.asked()).toEqual(['PutSecretValue', 'PutSecretValue'])
    expect((await suite.store.read(soon())).pending?.id).toBe(token)
    const { Versions } = await suite.admin.call('ListSecretVersionIds', { SecretId: suite.name })
    expect(Versions).toHaveLength(2)
  })

  test('to every repetition of a staged value is ERR_OUTCOME_UNKNOWN', async () => {
    suite.fake.fail({ kind: 'answer-lost', calls: 100 })
    expect(await codeOf(suite.store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_OUTCOME_UNKNOWN')
  })

  test('stays unknown when a later attempt is refused', async () => {
    suite.fake.fail({ kind: 'answer-lost' })
    suite.fake.fail({ kind: 'denied' })
    expect(await codeOf(suite.store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_OUTCOME_UNKNOWN')
  })

  test('to a read is ERR_STORE_UNREACHABLE', async () => {
    suite.fake.fail({ kind: 'answer-lost', calls: 100 })
    expect(await codeOf(suite.store.read(soon()))).toBe('ERR_STORE_UNREACHABLE')
  })

  test('is unknown as well when the request never arrived or the server broke', async () => {
    suite.fake.fail({ kind: 'request-lost' })
    expect(await codeOf(suite.store.promote(randomUUID(), suite.first, soon()))).toBe(
      'ERR_OUTCOME_UNKNOWN',
    )
    suite.fake.fail({ kind: 'broken', calls: 3 })
    expect(await codeOf(suite.store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_OUTCOME_UNKNOWN')
    suite.fake.fail({ kind: 'broken', calls: 3 })
    expect(await codeOf(suite.store.read(soon()))).toBe('ERR_STORE_UNREACHABLE')
  })
})

describe('a service that does not answer', () => {
  test('is given up after the time for one request, deadline or not', async () => {
    const call = { signal: new AbortController().signal }
    const token = randomUUID()
    const hasty = secretsManagerStore({
      secret: suite.name,
      endpoint: suite.fake.endpoint,
      requestTimeoutMs: 50,
    })
    await suite.store.stage(VALUE, token, call)
    suite.fake.fail({ kind: 'hang' })
    expect(await codeOf(hasty.promote(token, suite.first, call))).toBe('ERR_OUTCOME_UNKNOWN')
    suite.fake.fail({ kind: 'hang', calls: 3 })
    expect(await codeOf(hasty.read(call))).toBe('ERR_STORE_UNREACHABLE')
  }, 15_000)

  test('is left when the deadline of the call passes', async () => {
    suite.fake.fail({ kind: 'hang', calls: 10 })
    expect(await codeOf(suite.store.read(within(50)))).toBe('ERR_STORE_UNREACHABLE')
    expect(await codeOf(suite.store.stage(VALUE, randomUUID(), within(50)))).toBe(
      'ERR_OUTCOME_UNKNOWN',
    )
    expect(await codeOf(suite.store.promote(suite.first, randomUUID(), within(50)))).toBe(
      'ERR_OUTCOME_UNKNOWN',
    )
  })

  test('because nothing listens there is ERR_STORE_UNREACHABLE, for writes too', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    const nowhere = secretsManagerStore({ secret: suite.name, endpoint })
    expect(await codeOf(nowhere.read(soon()))).toBe('ERR_STORE_UNREACHABLE')
    expect(await codeOf(nowhere.stage(VALUE, randomUUID(), soon()))).toBe('ERR_STORE_UNREACHABLE')
    expect(await codeOf(nowhere.promote(suite.first, randomUUID(), soon()))).toBe(
      'ERR_STORE_UNREACHABLE',
    )
  })
})

describe('the AWS configuration', () => {
  test('without a region is ERR_CONFIG', async () => {
    vi.stubEnv('AWS_REGION', undefined)
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent')
    const nowhere = secretsManagerStore({ secret: suite.name, endpoint: suite.fake.endpoint })
    expect(await codeOf(nowhere.read(soon()))).toBe('ERR_CONFIG')
  })

  test('without credentials is ERR_STORE_DENIED and nothing is sent', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent')
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    const anonymous = secretsManagerStore({ secret: suite.name, endpoint: suite.fake.endpoint })
    expect(await codeOf(anonymous.read(soon()))).toBe('ERR_STORE_DENIED')
    expect(await codeOf(anonymous.promote(suite.first, randomUUID(), soon()))).toBe(
      'ERR_STORE_DENIED',
    )
    expect(suite.asked()).toEqual([])
  })
})
