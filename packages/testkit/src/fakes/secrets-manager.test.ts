import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import {
  addPending,
  firstVersion,
  moveCurrent,
} from '../../../rotator/src/adapters/file-store/versions.ts'
import type { Versions } from '../../../rotator/src/adapters/file-store/versions.ts'
import type { Json } from './secrets-manager-actions.ts'
import { secretsManagerAdmin } from './secrets-manager-admin.ts'
import { moveLabel, newSecret, putVersion } from './secrets-manager-state.ts'
import type { FakeRotation, FakeSecret } from './secrets-manager-state.ts'
import { startSecretsManager } from './secrets-manager.ts'

type Step =
  | { readonly kind: 'stage'; readonly token: string; readonly value: string }
  | { readonly kind: 'promote'; readonly to: string; readonly from: string }

const id = fc.constantFrom('t0', 't1', 't2', 't3')
const stage = fc.record({
  kind: fc.constant('stage' as const),
  token: id,
  value: fc.constantFrom('a', 'b'),
})
const promote = fc.record({ kind: fc.constant('promote' as const), to: id, from: id })

/** The state after the step, or the one before where the step is refused. */
function attempt<T>(state: T, step: () => T): { readonly state: T; readonly refused: boolean } {
  try {
    return { state: step(), refused: false }
  } catch {
    return { state, refused: true }
  }
}

function onFake(secret: FakeSecret, step: Step): FakeSecret {
  if (step.kind === 'promote')
    return moveLabel(secret, { label: 'AWSCURRENT', from: step.from, to: step.to })
  const options = { token: step.token, labels: ['AWSPENDING'] }
  return putVersion(secret, { text: step.value }, options).secret
}

function onFile(versions: Versions, step: Step): Versions {
  if (step.kind === 'promote') return moveCurrent(versions, step)
  const value = new Sensitive(step.value, 'value')
  return addPending(versions, { id: step.token, value, createdAt: new Date() }).versions
}

function labelsOf(versions: readonly { id: string; labels: readonly string[] }[]): unknown {
  return Object.fromEntries(versions.map((version) => [version.id, version.labels.toSorted()]))
}

test('the file store and the fake of Secrets Manager follow the same rules', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(stage, promote), { maxLength: 30 }), (steps) => {
      let fake = putVersion(newSecret('s'), { text: 'a' }, { token: 't0' }).secret
      let file = firstVersion('s', new Sensitive('a', 'a'), { id: 't0', createdAt: new Date() })
      for (const step of steps) {
        const current = fake.versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.id
        // The port says what happens then, and the adapter does not ask AWS.
        if (step.kind === 'promote' && step.to === current) continue
        const [one, two] = [
          attempt(fake, () => onFake(fake, step)),
          attempt(file, () => onFile(file, step)),
        ]
        expect(two.refused).toBe(one.refused)
        fake = one.state
        file = two.state
        expect(labelsOf(file.list)).toEqual(labelsOf(fake.versions))
      }
    }),
    { numRuns: 1000 },
  )
})

describe('the fake', () => {
  test('refuses what AWS refuses', async () => {
    await using fake = await startSecretsManager()
    const admin = secretsManagerAdmin(fake.endpoint)
    await admin.createSecret('s', 'a')
    const { VersionId: first } = await admin.call('GetSecretValue', { SecretId: 's' })
    const refusals: readonly (readonly [string, object, RegExp])[] = [
      ['CreateSecret', { Name: 's', SecretString: 'b' }, /ResourceExistsException/],
      ['GetSecretValue', { SecretId: 'other' }, /ResourceNotFoundException/],
      ['GetSecretValue', { SecretId: 's', VersionStage: 'X' }, /ResourceNotFoundException/],
      ['PutSecretValue', { SecretId: 's' }, /InvalidParameterException/],
      [
        'PutSecretValue',
        { SecretId: 's', SecretString: 'b', ClientRequestToken: 'short' },
        /InvalidParameterException/,
      ],
      [
        'PutSecretValue',
        { SecretId: 's', SecretString: 'x'.repeat(65_537) },
        /InvalidParameterException/,
      ],
      [
        'UpdateSecretVersionStage',
        { SecretId: 's', VersionStage: 'AWSCURRENT', RemoveFromVersionId: first },
        /InvalidParameterException/,
      ],
      ['BatchGetSecretValue', {}, /UnknownOperationException/],
    ]
    for (const [action, request, error] of refusals)
      await expect(admin.call(action, { ...request })).rejects.toThrow(error)
    const { VersionId: still } = await admin.call('GetSecretValue', { SecretId: 's' })
    expect(still).toBe(first)
  })

  test('moves AWSCURRENT and AWSPREVIOUS when a value is put without labels', async () => {
    await using fake = await startSecretsManager()
    const admin = secretsManagerAdmin(fake.endpoint)
    await admin.createSecret('s', 'a')
    const { VersionId: second } = await admin.call('PutSecretValue', {
      SecretId: 's',
      SecretString: 'b',
    })
    const { VersionIdsToStages: labels } = await admin.call('DescribeSecret', { SecretId: 's' })
    expect(labels).toHaveProperty([String(second)], ['AWSCURRENT'])
    expect(Object.values(labels as object)).toContainEqual(['AWSPREVIOUS'])
  })

  describe('says of rotations', () => {
    const RULES = {
      ScheduleExpression: 'rate(10 days)',
      AutomaticallyAfterDays: 10,
      Duration: '3h',
    }
    const LAST = new Date('2026-03-01T09:30:00.250Z')
    const NEXT = new Date('2026-03-11T23:59:59Z')
    const LAMBDA = 'arn:aws:lambda:us-east-1:123456789012:function:rotate'
    const ON = { enabled: true, lambdaArn: LAMBDA, rules: RULES, lastRotatedAt: LAST, nextAt: NEXT }

    async function described(rotation?: FakeRotation): Promise<Json> {
      await using fake = await startSecretsManager()
      const admin = secretsManagerAdmin(fake.endpoint)
      await admin.createSecret('s', 'a')
      if (rotation) fake.schedule('s', rotation)
      return await admin.call('DescribeSecret', { SecretId: 's' })
    }

    test('when the last one was and the next one is', async () => {
      expect(await described(ON)).toMatchObject({
        ...{ RotationEnabled: true, RotationLambdaARN: LAMBDA, RotationRules: RULES },
        ...{ LastRotatedDate: 1772357400.25, NextRotationDate: 1773273599 },
      })
    })

    test('once they are off, only what they were', async () => {
      const off = await described({ ...ON, enabled: false })
      expect(off).toMatchObject({ RotationEnabled: false, RotationRules: RULES })
      expect(off).not.toHaveProperty('LastRotatedDate')
      expect(off).not.toHaveProperty('NextRotationDate')
    })

    test('nothing where there never were any', async () => {
      const keys = Object.keys(await described())
      expect(keys.filter((key) => /Rotat/u.test(key))).toEqual([])
    })
  })

  test('knows when anything of a secret was last changed', async () => {
    await using fake = await startSecretsManager()
    const admin = secretsManagerAdmin(fake.endpoint)
    await admin.createSecret('s', 'a')
    const changes: readonly (() => unknown)[] = [
      () => admin.call('PutSecretValue', { SecretId: 's', SecretString: 'b' }),
      () => fake.announce('s', randomUUID()),
      () => fake.schedule('s', { enabled: false }),
      () => admin.call('DeleteSecret', { SecretId: 's' }),
    ]
    const changedAt = async (): Promise<unknown> =>
      (await admin.call('DescribeSecret', { SecretId: 's' }))['LastChangedDate']
    for (const change of changes) {
      fake.backdate('s', new Date(0))
      await admin.call('GetSecretValue', { SecretId: 's' })
      expect(await changedAt()).toBe(0)
      await change()
      expect(await changedAt()).toBeGreaterThan(0)
    }
  })

  test('takes a value that is put again for no change', async () => {
    await using fake = await startSecretsManager()
    const admin = secretsManagerAdmin(fake.endpoint)
    const put = { SecretId: 's', ClientRequestToken: randomUUID(), SecretString: 'b' }
    await admin.createSecret('s', 'a')
    await admin.call('PutSecretValue', put)
    fake.backdate('s', new Date(0))
    await admin.call('PutSecretValue', put)
    const { LastChangedDate } = await admin.call('DescribeSecret', { SecretId: 's' })
    expect(LastChangedDate).toBe(0)
  })
})
