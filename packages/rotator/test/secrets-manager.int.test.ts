import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { codeOf, soon } from '../../testkit/src/conformance/database-fixture.ts'
import { secretStoreConformance } from '../../testkit/src/conformance/secret-store.ts'
import type { SecretStoreFixture } from '../../testkit/src/conformance/secret-store.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { iamActions } from '../src/adapters/secrets-manager/iam.ts'
import { secretsManagerStore } from '../src/adapters/secrets-manager/store.ts'
import { VALUE, useSecretsManager } from './secrets-manager-fixture.ts'

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

const suite = useSecretsManager()

describe('what is asked of AWS', () => {
  test('a read is one request when nothing can be pending and two otherwise', async () => {
    await suite.store.read(soon())
    expect(suite.asked()).toEqual(['GetSecretValue', 'GetSecretValue'])
    const token = randomUUID()
    await suite.store.stage(VALUE, token, soon())
    await suite.store.promote(token, suite.first, soon())
    suite.forget()
    await suite.store.read(soon())
    expect(suite.asked()).toEqual(['GetSecretValue'])
  })

  test('nobody is asked who owns a secret whose name no AWS service has given', async () => {
    expect(await suite.store.owner(soon())).toBeUndefined()
    await suite.store.read(soon())
    suite.forget()
    expect(await suite.store.owner(soon())).toBeUndefined()
    expect(suite.asked()).toEqual([])
  })

  test('every action that was ever asked for stands in the list of permissions', async () => {
    const token = randomUUID()
    await suite.store.version('AWSPREVIOUS', soon())
    await suite.store.stage(VALUE, token, soon())
    await suite.store.promote(token, suite.first, soon())
    await codeOf(suite.store.promote(token, suite.first, soon()))
    const documented = iamActions.map(({ action }) => action)
    const used = new Set(suite.asked().map((action) => `secretsmanager:${action}`))
    expect([...used].filter((action) => !documented.includes(action))).toEqual([])
    const listed = documented.filter((action) => action.startsWith('secretsmanager:'))
    expect([...used].toSorted()).toEqual(listed.toSorted())
  })

  test('a secret is found by its ARN as by its name', async () => {
    const { ARN } = await suite.admin.call('DescribeSecret', { SecretId: suite.name })
    const byArn = secretsManagerStore({ secret: String(ARN), endpoint: suite.fake.endpoint })
    expect((await byArn.read(soon())).current.id).toBe(suite.first)
    expect(byArn.secret).toBe(ARN)
  })
})

describe('a managed secret', () => {
  test('names its owner, itself and what it belongs to, and cannot be written', async () => {
    const name = `rds!db-${randomUUID()}`
    const resource = 'arn:aws:rds:us-east-1:123456789012:db:shop'
    const tag = 'aws:rds:primaryDBInstanceArn'
    const owner = { service: 'rds', tag, resource }
    const arn = suite.fake.managed.create(name, '{"username":"u","password":"canary"}', owner)
    const store = secretsManagerStore({ secret: name, endpoint: suite.fake.endpoint })
    expect(await store.owner(soon())).toEqual({ service: 'rds', arn, resource })
    const { current } = await store.read(soon())
    expect(await codeOf(store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_STORE_DENIED')
    expect(await codeOf(store.promote(randomUUID(), current.id, soon()))).toBe('ERR_STORE_DENIED')
    expect((await store.read(soon())).current.id).toBe(current.id)
  })
})

describe('what is in the secret', () => {
  test('a version that RotateSecret has announced without a value is nothing pending', async () => {
    suite.fake.announce(suite.name, randomUUID())
    expect((await suite.store.read(soon())).pending).toBeUndefined()
  })

  test('the announced version takes the value that is staged with its token', async () => {
    const token = randomUUID()
    suite.fake.announce(suite.name, token)
    await suite.store.stage(VALUE, token, soon())
    expect((await suite.store.read(soon())).pending?.id).toBe(token)
  })

  test('a secret without any value is unreadable and not missing', async () => {
    await suite.admin.createSecret(`empty-${suite.name}`)
    const empty = secretsManagerStore({
      secret: `empty-${suite.name}`,
      endpoint: suite.fake.endpoint,
    })
    expect(await codeOf(empty.read(soon()))).toBe('ERR_STORE_UNREADABLE')
  })

  test('a binary value is unreadable', async () => {
    await suite.admin.call('PutSecretValue', { SecretId: suite.name, SecretBinary: 'AAEC' })
    expect(await codeOf(suite.store.read(soon()))).toBe('ERR_STORE_UNREADABLE')
  })

  test('a secret that is marked for deletion is not found and cannot be written', async () => {
    await suite.admin.call('DeleteSecret', { SecretId: suite.name })
    expect(await codeOf(suite.store.read(soon()))).toBe('ERR_STORE_NOT_FOUND')
    expect(await codeOf(suite.store.version('AWSPREVIOUS', soon()))).toBe('ERR_STORE_NOT_FOUND')
    expect(await codeOf(suite.store.stage(VALUE, randomUUID(), soon()))).toBe('ERR_STORE_DENIED')
  })

  test('a version promoted between the two requests of a read is what is current', async () => {
    const token = randomUUID()
    await suite.store.stage(VALUE, token, soon())
    await suite.store.promote(token, suite.first, soon())
    suite.fake.fail({ kind: 'stale', action: 'GetSecretValue' })
    const { current, pending } = await suite.store.read(soon())
    expect(current.id).toBe(token)
    expect(pending).toBeUndefined()
  })

  test('a stale read shows the state before the last write', async () => {
    const token = randomUUID()
    await suite.store.stage(VALUE, token, soon())
    suite.fake.fail({ kind: 'stale', calls: 2 })
    expect((await suite.store.read(soon())).pending).toBeUndefined()
    expect((await suite.store.read(soon())).pending?.id).toBe(token)
    expect(suite.store.supports.staleReadMs).toBe(5000)
  })
})
