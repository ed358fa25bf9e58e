// What DescribeSecret answers, as the SDK reads it: labels, schedules, dates, owner, deletion, and
// refusals.
import { randomUUID } from 'node:crypto'
import {
  DescribeSecretCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import type { FakeRotation } from '../../testkit/src/fakes/secrets-manager-state.ts'
import type { FakeSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { RotationMonitor } from '../src/monitor/index.ts'
import type { DescribeSecret } from '../src/monitor/index.ts'

const HOUR_MS = 3_600_000
const NOW = new Date('2026-03-10T12:00:00Z')
const LAST = new Date('2026-03-01T09:30:00.250Z')
const MONTHLY: FakeRotation = {
  ...{ enabled: true, lastRotatedAt: LAST, rules: { AutomaticallyAfterDays: 30 } },
  lambdaArn: 'arn:aws:lambda:us-east-1:123456789012:function:rotate',
}

const moto = await startMoto()

let fake: FakeSecretsManager
let client: SecretsManagerClient
let monitor: RotationMonitor
let secretId = ''

function clientOf(endpoint: string): SecretsManagerClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return new SecretsManagerClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
}

function monitorOf(sdk: SecretsManagerClient, now = (): Date => NOW): RotationMonitor {
  const describeSecret: DescribeSecret = (SecretId) =>
    sdk.send(new DescribeSecretCommand({ SecretId }))
  return new RotationMonitor({ describe: describeSecret, now })
}

beforeAll(async () => {
  fake = await startSecretsManager()
  client = clientOf(fake.endpoint)
  monitor = monitorOf(client)
})

afterAll(async () => {
  client.destroy()
  await fake[Symbol.asyncDispose]()
  await moto?.[Symbol.asyncDispose]()
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

  test('knows who owns a managed secret, and says so when it is late', async () => {
    const name = `rds!db-${randomUUID()}`
    fake.managed.create(name, 'canary', { service: 'rds', tag: 'a', resource: 'b' })
    const weekly = { enabled: true, rules: { AutomaticallyAfterDays: 7 }, lastRotatedAt: LAST }
    fake.schedule(name, weekly)
    expect(await monitor.status(name)).toMatchObject({ managedBy: 'rds', rotationEnabled: true })
    expect(await monitor.health(name)).toEqual({
      health: 'overdue',
      reason: 'a rotation was due by 2026-03-09T00:00:00.000Z (rds rotates it)',
    })
  })

  test('knows of a secret that will be deleted', async () => {
    await secretsManagerAdmin(fake.endpoint).call('DeleteSecret', { SecretId: secretId })
    expect(await monitor.health(secretId)).toMatchObject({ health: 'disabled' })
    expect((await monitor.status(secretId)).deletedOn).toBeInstanceOf(Date)
  })

  test('L9: says what Starlight’s says', async () => {
    expect(await monitor.checkRotationHealth(secretId)).toEqual({
      ...{ rotation_enabled: false, has_current_version: true, rotation_in_progress: false },
      last_rotated: null,
    })
    fake.schedule(secretId, MONTHLY)
    expect(await monitor.checkRotationHealth(secretId)).toEqual({
      ...{ rotation_enabled: true, has_current_version: true, rotation_in_progress: false },
      last_rotated: LAST,
    })
  })

  test('LX7: takes the next date from AWS, and works it out where AWS has none', async () => {
    fake.schedule(secretId, MONTHLY)
    const worked = { nextRotation: new Date('2026-04-01T00:00:00Z'), nextRotationFrom: 'rules' }
    expect(await monitor.status(secretId)).toMatchObject({ ...worked, lastRotated: LAST })
    const nextAt = new Date('2026-03-31T23:59:59Z')
    fake.schedule(secretId, { ...MONTHLY, nextAt })
    const told = { nextRotation: nextAt, nextRotationFrom: 'aws', overdue: false }
    expect(await monitor.status(secretId)).toMatchObject(told)
    expect(await monitor.health(secretId)).toMatchObject({ health: 'ok' })
  })

  test('works a date out from the expression, and its length', async () => {
    const rules = {
      ScheduleExpression: 'rate(12 hours)',
      Duration: '2h',
      AutomaticallyAfterDays: 1,
    }
    fake.schedule(secretId, { ...MONTHLY, rules })
    const { nextRotation } = await monitor.status(secretId)
    expect(nextRotation).toEqual(new Date(LAST.getTime() + 14 * HOUR_MS))
    const cron = { ScheduleExpression: 'cron(0 8 1 * ? *)', AutomaticallyAfterDays: 30 }
    fake.schedule(secretId, { ...MONTHLY, rules: cron })
    expect(await monitor.status(secretId)).not.toHaveProperty('nextRotation')
  })

  test('knows a rotation that is late by the date of AWS', async () => {
    fake.schedule(secretId, { ...MONTHLY, nextAt: new Date(NOW.getTime() - HOUR_MS) })
    expect(await monitor.health(secretId)).toMatchObject({ health: 'ok' })
    fake.schedule(secretId, { ...MONTHLY, nextAt: new Date(NOW.getTime() - HOUR_MS - 1) })
    expect(await monitor.health(secretId)).toMatchObject({ health: 'overdue' })
  })

  test('LX7: knows a rotation that does not end', async () => {
    fake.schedule(secretId, MONTHLY)
    fake.announce(secretId, randomUUID())
    fake.backdate(secretId, new Date(NOW.getTime() - HOUR_MS))
    expect(await monitor.health(secretId)).toMatchObject({ health: 'in progress' })
    fake.backdate(secretId, new Date(NOW.getTime() - HOUR_MS - 1))
    expect(await monitor.status(secretId)).toMatchObject({ inProgress: true, stuck: true })
    expect(await monitor.health(secretId)).toMatchObject({ health: 'overdue' })
  })

  test('knows rotations that were turned off, however late they are', async () => {
    fake.schedule(secretId, { ...MONTHLY, enabled: false, nextAt: LAST })
    expect(await monitor.health(secretId)).toEqual({
      health: 'disabled',
      reason: 'rotation is turned off',
    })
    expect(await monitor.status(secretId)).not.toHaveProperty('lastRotated')
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

describe.each(moto ? [moto] : [])('the monitor, with moto $version', ({ endpoint }) => {
  test('LX7: tells a secret that is not rotated from one that was rotated now', async () => {
    const sdk = clientOf(endpoint)
    const judged = monitorOf(sdk, () => new Date())
    await secretsManagerAdmin(endpoint).createSecret(secretId, 'canary')
    expect(await judged.health(secretId)).toMatchObject({ health: 'disabled' })
    const RotationRules = { AutomaticallyAfterDays: 30 }
    await sdk.send(new RotateSecretCommand({ SecretId: secretId, RotationRules }))
    const { lastRotated, nextRotation, ...status } = await judged.status(secretId)
    expect(status).toMatchObject({ rotationEnabled: true, nextRotationFrom: 'aws', overdue: false })
    const days = (Number(nextRotation) - Number(lastRotated)) / (24 * HOUR_MS)
    expect(Math.round(days)).toBe(30)
    expect(await judged.health(secretId)).toMatchObject({ health: 'ok' })
    sdk.destroy()
  })
})
