// What DescribeSecret answers is written here, in the type that the SDK gives it, for each rule to
// the millisecond; `test/monitor.int.test.ts` has it over the SDK.
import type { DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { describe, expect, test } from 'vitest'
import { RotationMonitor, rotationHealth } from './index.ts'
import type { MonitorOptions, RotationStatus } from './index.ts'

const DAY_MS = 86_400_000
const NOW = new Date('2026-03-10T12:00:00Z')
const LAST = new Date('2026-03-01T09:30:00Z')

type Answer = Omit<DescribeSecretCommandOutput, '$metadata'>

const ROTATED: Answer = {
  ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-a1b2c3',
  RotationEnabled: true,
  LastRotatedDate: LAST,
  LastChangedDate: LAST,
  VersionIdsToStages: { v2: ['AWSCURRENT', 'AWSPENDING'], v1: ['AWSPREVIOUS'] },
}
const PENDING = { v2: ['AWSCURRENT'], v3: ['AWSPENDING'] }

function monitor(answer: Answer, more: Partial<MonitorOptions> = {}): RotationMonitor {
  const output: DescribeSecretCommandOutput = { $metadata: {}, ...answer }
  return new RotationMonitor({ describe: async () => output, now: () => NOW, ...more })
}

async function statusOf(
  answer: Answer,
  more: Partial<MonitorOptions> = {},
): Promise<RotationStatus> {
  return await monitor(answer, more).status('db')
}

async function healthOf(
  answer: Answer,
  more: Partial<MonitorOptions> = {},
): Promise<readonly string[]> {
  const { health, reason } = await monitor(answer, more).health('db')
  return [health, reason]
}

describe('the monitor of a rotation', () => {
  test('L9: says what Starlight’s says', async () => {
    expect(await monitor(ROTATED).checkRotationHealth('db')).toEqual({
      rotation_enabled: true,
      has_current_version: true,
      rotation_in_progress: false,
      last_rotated: LAST,
    })
    expect(await monitor({}).checkRotationHealth('db')).toEqual({
      rotation_enabled: false,
      has_current_version: false,
      rotation_in_progress: false,
      last_rotated: null,
    })
  })

  test('LX7: a rotation is in progress only while another version is pending', async () => {
    expect(await statusOf(ROTATED)).toMatchObject({ inProgress: false, currentVersionId: 'v2' })
    const status = await statusOf({ ...ROTATED, VersionIdsToStages: PENDING })
    expect(status).toMatchObject({ inProgress: true, pendingVersionId: 'v3', stuck: true })
    const check = monitor({ ...ROTATED, VersionIdsToStages: PENDING })
    expect(await check.checkRotationHealth('db')).toMatchObject({ rotation_in_progress: true })
  })

  test('is a plain object', async () => {
    const NextRotationDate = new Date('2026-03-31T23:59:59Z')
    expect(await statusOf({ ...ROTATED, NextRotationDate })).toEqual({
      ...{ secretId: 'db', arn: ROTATED.ARN, rotationEnabled: true, currentVersionId: 'v2' },
      ...{ inProgress: false, stuck: false, lastRotated: LAST, lastChanged: LAST },
      ...{ nextRotation: NextRotationDate, nextRotationFrom: 'aws', overdue: false },
    })
  })
})

describe('the date of the next rotation', () => {
  test.each([
    ['thirty days', { AutomaticallyAfterDays: 30 }, '2026-04-01T00:00:00.000Z'],
    ['rate(10 days)', { ScheduleExpression: 'rate(10 days)' }, '2026-03-12T00:00:00.000Z'],
    ['rate(1 day)', { ScheduleExpression: 'rate(1 day)' }, '2026-03-03T00:00:00.000Z'],
    [
      'rate(10 days), three hours',
      { ScheduleExpression: 'rate(10 days)', Duration: '3h' },
      '2026-03-11T03:00:00.000Z',
    ],
    ['rate(12 hours)', { ScheduleExpression: 'rate(12 hours)' }, '2026-03-01T22:30:00.000Z'],
    [
      'rate(12 hours), two hours',
      { ScheduleExpression: 'rate(12 hours)', Duration: '2h' },
      '2026-03-01T23:30:00.000Z',
    ],
  ])('LX7: is worked out for %s', async (_, RotationRules, wanted) => {
    const { nextRotation, nextRotationFrom } = await statusOf({ ...ROTATED, RotationRules })
    expect(nextRotation?.toISOString()).toBe(wanted)
    expect(nextRotationFrom).toBe('rules')
  })

  test.each([
    ['of cron', { ScheduleExpression: 'cron(0 8 1 * ? *)', AutomaticallyAfterDays: 30 }, {}],
    ['of what nobody knows', { ScheduleExpression: 'at(noon)' }, {}],
    ['before the first rotation', { AutomaticallyAfterDays: 30 }, { LastRotatedDate: undefined }],
    ['while it is off', { AutomaticallyAfterDays: 30 }, { RotationEnabled: false }],
  ])('is not made up %s', async (_, RotationRules, more) => {
    const status = await statusOf({ ...ROTATED, RotationRules, ...more })
    expect(status).not.toHaveProperty('nextRotation')
    expect(status.overdue).toBe(false)
  })

  test('is what AWS says, whatever the rules say', async () => {
    const NextRotationDate = new Date('2026-03-20T00:00:00Z')
    const RotationRules = { ScheduleExpression: 'cron(0 8 1 * ? *)', AutomaticallyAfterDays: 30 }
    const { nextRotation } = await statusOf({ ...ROTATED, RotationRules, NextRotationDate })
    expect(nextRotation).toEqual(NextRotationDate)
  })
})

describe('the health of a rotation', () => {
  test('is ok, with the date that is next', async () => {
    const NextRotationDate = new Date(NOW.getTime() + DAY_MS)
    expect(await healthOf({ ...ROTATED, NextRotationDate })).toEqual([
      'ok',
      'next by 2026-03-11T12:00:00.000Z',
    ])
    expect(await healthOf(ROTATED)).toEqual(['ok', 'no date is known'])
  })

  test('is overdue once the date and the grace are over, and not before', async () => {
    const late = { ...ROTATED, NextRotationDate: new Date(NOW.getTime() - 3_600_000) }
    expect(await healthOf(late)).toEqual(['ok', 'next by 2026-03-10T11:00:00.000Z'])
    expect(await healthOf(late, { graceMs: 3_599_999 })).toEqual([
      'overdue',
      'a rotation was due by 2026-03-10T11:00:00.000Z',
    ])
  })

  test('LX7: is in progress, and overdue where nothing has happened for long', async () => {
    const LastChangedDate = new Date(NOW.getTime() - 3_600_000)
    const going = { ...ROTATED, LastChangedDate, VersionIdsToStages: PENDING }
    expect(await healthOf(going)).toEqual(['in progress', 'version v3 is AWSPENDING'])
    expect(await healthOf(going, { stuckMs: 3_599_999 })).toEqual([
      'overdue',
      'version v3 is AWSPENDING since 2026-03-10T11:00:00.000Z or longer',
    ])
  })

  test('is disabled without rotation, with the owner where there is one', async () => {
    const off = { ...ROTATED, RotationEnabled: false, RotationRules: { AutomaticallyAfterDays: 1 } }
    expect(await healthOf(off)).toEqual(['disabled', 'rotation is turned off'])
    expect(await healthOf({ ...off, OwningService: 'rds' })).toEqual([
      'disabled',
      'rotation is turned off: the secret is that of rds',
    ])
    expect(await healthOf({})).toEqual(['disabled', 'rotation is turned off'])
    expect(await healthOf({ RotationEnabled: true })).toEqual([
      'disabled',
      'no version is AWSCURRENT',
    ])
  })

  test('is disabled for a secret that will be deleted, however late it is', async () => {
    const deleted = { DeletedDate: new Date('2026-03-17T00:00:00Z'), NextRotationDate: LAST }
    expect(await healthOf({ ...ROTATED, ...deleted })).toEqual([
      'disabled',
      'the secret will be deleted on 2026-03-17T00:00:00.000Z',
    ])
    expect(await statusOf({ ...ROTATED, ...deleted })).toMatchObject({ overdue: false })
  })

  test('names who rotates a managed secret', async () => {
    const managed = { ...ROTATED, OwningService: 'rds', NextRotationDate: LAST }
    const status = await statusOf(managed)
    expect(status.managedBy).toBe('rds')
    expect(rotationHealth(status).reason).toMatch(/\(rds rotates it\)$/u)
  })
})

describe('a secret that cannot be described', () => {
  test.each([
    ['ResourceNotFoundException', 'ERR_SECRET_NOT_FOUND'],
    ['AccessDeniedException', 'ERR_SECRET_DENIED'],
    ['ThrottlingException', 'ERR_SECRET_DESCRIBE'],
  ])('is an error: %s', async (name, code) => {
    const cause = Object.assign(new Error('refused'), { name })
    const failing = new RotationMonitor({ describe: async () => await Promise.reject(cause) })
    await expect(failing.status('db')).rejects.toMatchObject({ name: 'MonitorError', code, cause })
  })

  test.each([{ graceMs: -1 }, { graceMs: 31 * DAY_MS }, { stuckMs: 0 }])(
    'is no excuse for options out of their bounds: %o',
    (options) => {
      const wanted: unknown = expect.objectContaining({ code: 'ERR_OPTIONS' })
      expect(() => monitor(ROTATED, options)).toThrow(wanted)
    },
  )

  test('has a clock where none is given', async () => {
    const NextRotationDate = new Date(Date.now() - DAY_MS)
    const describeSecret = async (): Promise<Answer> => ({ ...ROTATED, NextRotationDate })
    const { overdue } = await new RotationMonitor({ describe: describeSecret }).status('db')
    expect(overdue).toBe(true)
  })
})
