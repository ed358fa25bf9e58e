import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FakeRotation } from '../../testkit/src/fakes/secrets-manager-state.ts'
import { json } from './cli-fixture.ts'
import { startSecretsWorld } from './versions-world.ts'
import type { SecretsWorld } from './versions-world.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

let world: SecretsWorld

beforeEach(async () => {
  world = await startSecretsWorld()
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
})

function ago(ms: number): Date {
  return new Date(Date.now() - ms)
}

function schedule(more: Partial<FakeRotation> = {}): void {
  const rules = { AutomaticallyAfterDays: 30 }
  world.fake.schedule(world.secret, {
    ...{ enabled: true, rules, lastRotatedAt: ago(DAY_MS), nextAt: ago(-29 * DAY_MS) },
    ...more,
  })
}

describe('cuedot health', () => {
  test('F106: ends with 0 where rotations are on and the next one is not late', async () => {
    schedule()
    const { code, stdout, stderr } = await world.run(['health', 'app', '--json'])
    expect(json(stdout)).toMatchObject({
      ...{ target: 'app', secretId: world.secret, health: 'ok', attention: false },
      ...{ rotationEnabled: true, inProgress: false, stuck: false, overdue: false },
      ...{ nextRotationFrom: 'aws', currentVersionId: expect.any(String) },
    })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(world.fake.log.slice(-1)).toEqual(['DescribeSecret'])
    expect(world.fake.log.filter((action) => action === 'GetSecretValue')).toEqual([])
  })

  test('shows people what it judges by', async () => {
    schedule()
    const { code, stdout } = await world.run(['health', '--secret', world.secret])
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(`^${world.secret}: ok, next by \\d{4}-`),
      '  rotation   on',
      expect.stringMatching(/^ {2}current {4}[0-9a-f-]{36}$/),
      '  pending    none',
      expect.stringMatching(/^ {2}last {7}\d{4}-.*Z, 1d ago$/),
      expect.stringMatching(/^ {2}next {7}by \d{4}-.*Z, in 28d 23h$/),
      '',
    ])
    expect(code).toBe(0)
  })

  test('LX7: ends with 0 while a rotation is in progress, and says since when', async () => {
    schedule()
    const pending = await world.stage()
    const { code, stdout } = await world.run(['health', 'app', '--json'])
    const seen = json(stdout)
    expect(seen).toMatchObject({ health: 'in progress', pendingVersionId: pending, stuck: false })
    expect(seen['pendingForMs']).toBeLessThan(HOUR_MS)
    expect(code).toBe(0)
  })

  test('LX7: AWSPENDING on the current version is no rotation', async () => {
    const token = await world.stage()
    const before = await world.admin.call('GetSecretValue', { SecretId: world.secret })
    await world.admin.call('UpdateSecretVersionStage', {
      ...{ SecretId: world.secret, VersionStage: 'AWSCURRENT', MoveToVersionId: token },
      RemoveFromVersionId: before['VersionId'],
    })
    schedule()
    const { code, stdout } = await world.run(['health', 'app', '--json'])
    expect(json(stdout)).toMatchObject({ health: 'ok', inProgress: false, currentVersionId: token })
    expect(json(stdout)).not.toHaveProperty('pendingVersionId')
    expect(code).toBe(0)
  })

  test('LX7: ends with 3 where a rotation does not end', async () => {
    schedule()
    const token = randomUUID()
    world.fake.announce(world.secret, token)
    world.fake.backdate(world.secret, ago(3 * HOUR_MS))
    const { code, stdout } = await world.run(['health', 'app'])
    expect(stdout).toContain(`app (${world.secret}): overdue, version ${token} is AWSPENDING since`)
    expect(stdout).toMatch(`\n  pending    ${token}, for 3h or longer\n`)
    expect(stdout).toMatch(/\n {2}to do {6}Look at the log of what rotates it/)
    expect(code).toBe(3)
    const machine = await world.run(['health', 'app', '--json'])
    expect(json(machine.stdout)).toMatchObject({ health: 'overdue', stuck: true, attention: true })
    expect(machine.code).toBe(3)
  })

  test('ends with 3 where one was due', async () => {
    schedule({ lastRotatedAt: ago(40 * DAY_MS), nextAt: ago(2 * DAY_MS) })
    const { code, stdout } = await world.run(['health', 'app'])
    expect(stdout).toContain('overdue, a rotation was due by')
    expect(stdout).toMatch(/\n {2}next {7}was due by .*Z, 2d ago\n/)
    expect(code).toBe(3)
  })

  test('ends with 3 where rotations are off, and names the other one who may rotate', async () => {
    const { code, stdout } = await world.run(['health', 'app'])
    expect(stdout).toContain('disabled, rotation is turned off')
    expect(stdout).toMatch(/\n {2}rotation {3}off\n/)
    expect(stdout).toContain('`cuedot status` tells of those that cuedot makes')
    expect(code).toBe(3)
  })

  test('ends with 1 where it could not be asked', async () => {
    const missing = await world.run(['health', '--secret', 'nobody-made-it', '--json'])
    expect(json(missing.stdout)).toMatchObject({ outcome: 'failed', code: 'ERR_STORE_NOT_FOUND' })
    expect(missing.code).toBe(1)
    world.fake.fail({ kind: 'denied', action: 'DescribeSecret' })
    const denied = await world.run(['health', 'app'])
    expect(denied.stderr).toContain('operation: secretsmanager:DescribeSecret')
    expect(denied.code).toBe(1)
  })

  test.each([
    [['health', 'local'], 'Ask `cuedot status local`.'],
    [['health'], 'Name one of: app, local.'],
    [['health', 'app', '--region', 'eu-west-1'], 'Leave --region out'],
  ])('%j ends with 2 and says how to go on', async (args, hint) => {
    const { code, stdout, stderr } = await world.run(args)
    expect(stderr).toContain(hint)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
})
