// What the fake of Secrets Manager knows of DescribeSecret: labels, owner, deletion, and refusals.
// It has no schedules: those are in the unit tests.
import { randomUUID } from 'node:crypto'
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { RotationMonitor } from '../src/monitor/index.ts'

let fake: FakeSecretsManager
let client: SecretsManagerClient
let monitor: RotationMonitor
let secretId = ''

beforeAll(async () => {
  fake = await startSecretsManager()
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  client = new SecretsManagerClient({
    ...{ endpoint: fake.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 },
  })
  monitor = new RotationMonitor({
    describe: (SecretId) => client.send(new DescribeSecretCommand({ SecretId })),
  })
})

afterAll(async () => {
  client.destroy()
  await fake[Symbol.asyncDispose]()
})

beforeEach(async () => {
  secretId = `secret-${randomUUID()}`
  await secretsManagerAdmin(fake.endpoint).createSecret(secretId, 'canary')
})

afterEach(() => {
  fake.heal()
})

describe('the monitor, with the SDK', () => {
  test('LX7: finds the version that is pending, and none once it is current', async () => {
    const before = await monitor.status(secretId)
    expect(before).toMatchObject({ inProgress: false, rotationEnabled: false })
    const token = randomUUID()
    fake.announce(secretId, token)
    const during = await monitor.status(secretId)
    const { currentVersionId } = before
    expect(during).toMatchObject({ inProgress: true, pendingVersionId: token, currentVersionId })
    const admin = secretsManagerAdmin(fake.endpoint)
    const SecretString = 'canary-2'
    const version = { SecretId: secretId, ClientRequestToken: token, SecretString }
    await admin.call('PutSecretValue', { ...version, VersionStages: ['AWSPENDING'] })
    await admin.call('UpdateSecretVersionStage', {
      ...{ SecretId: secretId, VersionStage: 'AWSCURRENT', MoveToVersionId: token },
      RemoveFromVersionId: currentVersionId,
    })
    const after = await monitor.status(secretId)
    expect(after).toMatchObject({ inProgress: false, currentVersionId: token })
  })

  test('asks once, and never for the value', async () => {
    const before = fake.log.length
    await monitor.health(secretId)
    expect(fake.log.slice(before)).toEqual(['DescribeSecret'])
  })

  test('knows who owns a managed secret', async () => {
    const name = `rds!db-${randomUUID()}`
    fake.managed.create(name, 'canary', { service: 'rds', tag: 'a', resource: 'b' })
    expect(await monitor.status(name)).toMatchObject({ managedBy: 'rds' })
  })

  test('knows of a secret that will be deleted', async () => {
    await secretsManagerAdmin(fake.endpoint).call('DeleteSecret', { SecretId: secretId })
    expect(await monitor.health(secretId)).toMatchObject({ health: 'disabled' })
    expect((await monitor.status(secretId)).deletedOn).toBeInstanceOf(Date)
  })

  test('says what is missing: the secret, or the permission', async () => {
    await expect(monitor.status('nobody-made-it')).rejects.toMatchObject({
      code: 'ERR_SECRET_NOT_FOUND',
    })
    fake.fail({ kind: 'denied', action: 'DescribeSecret' })
    await expect(monitor.status(secretId)).rejects.toMatchObject({ code: 'ERR_SECRET_DENIED' })
    fake.fail({ kind: 'throttle' })
    await expect(monitor.status(secretId)).rejects.toMatchObject({ code: 'ERR_SECRET_DESCRIBE' })
  })
})
