import { Sensitive } from '@cuedot/client/protocol'
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { codeOf, soon } from '../../testkit/src/conformance/database-fixture.ts'
import { secretStoreConformance } from '../../testkit/src/conformance/secret-store.ts'
import type { SecretStoreFixture } from '../../testkit/src/conformance/secret-store.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { SecretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { iamActions } from '../src/adapters/secrets-manager/iam.ts'
import { secretsManagerStore } from '../src/adapters/secrets-manager/store.ts'
import type { SecretStore } from '../src/ports/secret-store.ts'

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  vi.stubEnv('AWS_REGION', 'us-east-1')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

function fixtureOf(server: { readonly endpoint: string } & AsyncDisposable): SecretStoreFixture {
  const admin = secretsManagerAdmin(server.endpoint)
  return {
    create: async (name, value) => await admin.createSecret(name, value.reveal()),
    open: (secret) => secretsManagerStore({ secret, endpoint: server.endpoint }),
    [Symbol.asyncDispose]: async () => await server[Symbol.asyncDispose](),
  }
}

secretStoreConformance('Secrets Manager, our fake', async () =>
  fixtureOf(await startSecretsManager()),
)

// Where there is none it prints so.
const moto = await startMoto()
if (moto)
  secretStoreConformance(`Secrets Manager, moto ${moto.version}`, async () => fixtureOf(moto))

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

describe('what is asked of AWS', () => {
  test('a read is one request when nothing can be pending and two otherwise', async () => {
    await store.read(soon())
    expect(asked()).toEqual(['GetSecretValue', 'GetSecretValue'])
    const token = randomUUID()
    await store.stage(VALUE, token, soon())
    await store.promote(token, first, soon())
    since = fake.log.length
    await store.read(soon())
    expect(asked()).toEqual(['GetSecretValue'])
  })

  test('every action that was ever asked for stands in the list of permissions', async () => {
    const token = randomUUID()
    await store.version('AWSPREVIOUS', soon())
    await store.stage(VALUE, token, soon())
    await store.promote(token, first, soon())
    await codeOf(store.promote(token, first, soon()))
    const documented = iamActions.map(({ action }) => action)
    const used = new Set(asked().map((action) => `secretsmanager:${action}`))
    expect([...used].filter((action) => !documented.includes(action))).toEqual([])
    const listed = documented.filter((action) => action.startsWith('secretsmanager:'))
    expect([...used].toSorted()).toEqual(listed.toSorted())
  })

  test('a secret is found by its ARN as by its name', async () => {
    const { ARN } = await admin.call('DescribeSecret', { SecretId: name })
    const byArn = secretsManagerStore({ secret: String(ARN), endpoint: fake.endpoint })
    expect((await byArn.read(soon())).current.id).toBe(first)
    expect(byArn.secret).toBe(ARN)
  })
})

describe('what is in the secret', () => {
  test('a version that RotateSecret has announced without a value is nothing pending', async () => {
    fake.announce(name, randomUUID())
    expect((await store.read(soon())).pending).toBeUndefined()
  })

  test('the announced version takes the value that is staged with its token', async () => {
    const token = randomUUID()
    fake.announce(name, token)
    await store.stage(VALUE, token, soon())
    expect((await store.read(soon())).pending?.id).toBe(token)
  })

  test('a secret without any value is unreadable and not missing', async () => {
    await admin.createSecret(`empty-${name}`)
    const empty = secretsManagerStore({ secret: `empty-${name}`, endpoint: fake.endpoint })
    expect(await codeOf(empty.read(soon()))).toBe('ERR_STORE_UNREADABLE')
  })

  test('a binary value is unreadable', async () => {
    await admin.call('PutSecretValue', { SecretId: name, SecretBinary: 'AAEC' })
    expect(await codeOf(store.read(soon()))).toBe('ERR_STORE_UNREADABLE')
  })

  test('a secret that is marked for deletion is not found and cannot be written', async () => {
    await admin.call('DeleteSecret', { SecretId: name })
    expect(await codeOf(store.read(soon()))).toBe('ERR_STORE_NOT_FOUND')
    expect(await codeOf(store.version('AWSPREVIOUS', soon()))).toBe('ERR_STORE_NOT_FOUND')
    expect(await codeOf(store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_STORE_DENIED')
  })

  test('a version promoted between the two requests of a read is what is current', async () => {
    const token = randomUUID()
    await store.stage(VALUE, token, soon())
    await store.promote(token, first, soon())
    fake.fail({ kind: 'stale', action: 'GetSecretValue' })
    const { current, pending } = await store.read(soon())
    expect(current.id).toBe(token)
    expect(pending).toBeUndefined()
  })

  test('a stale read shows the state before the last write', async () => {
    const token = randomUUID()
    await store.stage(VALUE, token, soon())
    fake.fail({ kind: 'stale', calls: 2 })
    expect((await store.read(soon())).pending).toBeUndefined()
    expect((await store.read(soon())).pending?.id).toBe(token)
    expect(store.supports.staleReadMs).toBe(5000)
  })
})
