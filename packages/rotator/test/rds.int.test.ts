import { randomUUID } from 'node:crypto'
import { CreateDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { credentialOwnerConformance } from '../../testkit/src/conformance/credential-owner.ts'
import type { CredentialOwnerFixture } from '../../testkit/src/conformance/credential-owner.ts'
import { codeOf, soon, within } from '../../testkit/src/conformance/database-fixture.ts'
import { startRds } from '../../testkit/src/fakes/rds.ts'
import type { FakeRds } from '../../testkit/src/fakes/rds.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../../testkit/src/fakes/secrets-manager.ts'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { freePort } from '../../testkit/src/servers/ports.ts'
import { rdsIamActions } from '../src/adapters/rds/iam.ts'
import { rdsOwner } from '../src/adapters/rds/owner.ts'
import type { RdsOwnerOptions } from '../src/adapters/rds/owner.ts'
import { secretsManagerStore } from '../src/adapters/secrets-manager/store.ts'

const PATIENCE = { limitMs: 5_000, pollMs: 20, doubtMs: 100 }

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  vi.stubEnv('AWS_REGION', 'us-east-1')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

interface Fake extends CredentialOwnerFixture {
  readonly rds: FakeRds
  with(options: Partial<RdsOwnerOptions>): ReturnType<typeof rdsOwner>
}

/** The fake RDS, whose database is a variable here: `managed.int.test.ts` has a real one. */
async function fakeOwner(kind: 'instance' | 'cluster'): Promise<Fake> {
  const secrets = await startSecretsManager()
  const secret = `rds!${kind}-${randomUUID()}`
  const tag = kind === 'instance' ? 'aws:rds:primaryDBInstanceArn' : 'aws:rds:primaryDBClusterArn'
  const resource = `arn:aws:rds:us-east-1:123456789012:${kind === 'instance' ? 'db' : kind}:shop`
  const owned = { service: 'rds', tag, resource }
  const secretArn = secrets.managed.create(secret, '{"username":"u","password":"p"}', owned)
  await secretsManagerAdmin(secrets.endpoint).createSecret('ours', '{}')
  const rotated = { secrets: secrets.managed, secret, username: 'u' }
  const rds = await startRds({
    ...{ ...rotated, kind, id: 'shop', secretArn, unmanagedId: 'other' },
    setPassword: async () => undefined,
  })
  rds.rotation.holdAt('begun')
  const store = secretsManagerStore({ secret, endpoint: secrets.endpoint })
  const create: Fake['with'] = (options) =>
    rdsOwner({ store, endpoint: rds.endpoint, ...PATIENCE, ...options })
  return {
    rds,
    with: create,
    owner: () => create({}),
    stranger: () => create({ resource: { kind, id: 'other' } }),
    missing: () => create({ resource: { kind, id: 'nowhere' } }),
    unowned: () =>
      create({ store: secretsManagerStore({ secret: 'ours', endpoint: secrets.endpoint }) }),
    current: async () => (await store.read(soon())).current.id,
    holds: true,
    finish: () => rds.rotation.settled(),
    async [Symbol.asyncDispose]() {
      await rds[Symbol.asyncDispose]()
      await secrets[Symbol.asyncDispose]()
    },
  }
}

for (const kind of ['instance', 'cluster'] as const)
  credentialOwnerConformance(`an RDS ${kind}, our fake`, () => fakeOwner(kind))

/** moto gives the new version no value, so it cannot be read. */
async function currentOf(endpoint: string, secret: string): Promise<string> {
  const described = await secretsManagerAdmin(endpoint).call('DescribeSecret', { SecretId: secret })
  const labels = described['VersionIdsToStages'] as Record<string, readonly string[]>
  return Object.keys(labels).find((id) => labels[id]?.includes('AWSCURRENT')) ?? ''
}

/** moto is done with a rotation when it has answered the request. */
async function motoOwner(endpoint: string): Promise<CredentialOwnerFixture> {
  const client = new RDSClient({ endpoint, region: 'us-east-1' })
  const [id, other] = [`shop-${randomUUID()}`, `other-${randomUUID()}`]
  const shape = { DBInstanceClass: 'db.t3.micro', Engine: 'postgres', AllocatedStorage: 20 }
  const command = { ...shape, MasterUsername: 'app', ManageMasterUserPassword: true }
  const made = await client.send(
    new CreateDBInstanceCommand({ ...command, DBInstanceIdentifier: id }),
  )
  await client.send(new CreateDBInstanceCommand({ ...command, DBInstanceIdentifier: other }))
  client.destroy()
  const secret = made.DBInstance?.MasterUserSecret?.SecretArn ?? ''
  const ours = `ours-${randomUUID()}`
  await secretsManagerAdmin(endpoint).createSecret(ours, '{}')
  const create = (options: Partial<RdsOwnerOptions> = {}): ReturnType<typeof rdsOwner> =>
    rdsOwner({
      store: secretsManagerStore({ secret, endpoint }),
      endpoint,
      ...PATIENCE,
      ...options,
    })
  return {
    owner: () => create(),
    stranger: () => create({ resource: { kind: 'instance', id: other } }),
    missing: () => create({ resource: { kind: 'instance', id: 'nowhere' } }),
    unowned: () => create({ store: secretsManagerStore({ secret: ours, endpoint }) }),
    current: () => currentOf(endpoint, secret),
    holds: false,
    finish: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

// Where there is none it prints so.
const moto = await startMoto()
if (moto)
  credentialOwnerConformance(`an RDS instance, moto ${moto.version}`, () =>
    motoOwner(moto.endpoint),
  )

async function started(): Promise<Fake> {
  const fake = await fakeOwner('instance')
  onTestFinished(() => fake[Symbol.asyncDispose]())
  return fake
}

describe('a request to RDS', () => {
  test.each(['instance', 'cluster'] as const)(
    'is of an action that stands in the list of permissions: %s',
    async (kind) => {
      await using fake = await fakeOwner(kind)
      await fake.owner().state(soon())
      await fake.owner().rotate(soon())
      const used = new Set(fake.rds.log.map((action) => `rds:${action}`))
      const noun = kind === 'instance' ? 'DBInstance' : 'DBCluster'
      const listed = rdsIamActions.map(({ action }) => action)
      const own = listed.filter((action) => action.includes(noun))
      expect([...used].toSorted()).toEqual(own.toSorted())
      expect(listed.filter((action) => action.startsWith('rds:'))).toHaveLength(4)
    },
  )

  test.each([
    ['throttle', 'ERR_OWNER_THROTTLED'],
    ['denied', 'ERR_OWNER_DENIED'],
    ['state', 'ERR_OWNER_STATE'],
  ] as const)('that is refused (%s) is %s and nothing was begun', async (kind, code) => {
    const fake = await started()
    fake.rds.fail({ kind, action: 'ModifyDBInstance', calls: 100 })
    expect(await codeOf(fake.owner().rotate(soon()))).toBe(code)
    expect(fake.rds.rotation.count).toBe(0)
  })

  test.each([
    ['answer-lost', 1],
    ['broken', 1],
    ['request-lost', 0],
  ] as const)('whose answer is lost (%s) is unknown and sent once', async (kind, count) => {
    const fake = await started()
    fake.rds.fail({ kind, action: 'ModifyDBInstance' })
    expect(await codeOf(fake.owner().rotate(soon()))).toBe('ERR_OUTCOME_UNKNOWN')
    expect(fake.rds.log.filter((action) => action === 'ModifyDBInstance')).toHaveLength(1)
    expect(fake.rds.rotation.count).toBe(count)
  })

  test('that is not answered is left at the deadline, and unknown', async () => {
    const fake = await started()
    fake.rds.fail({ kind: 'hang', action: 'ModifyDBInstance' })
    expect(await codeOf(fake.owner().rotate(within(300)))).toBe('ERR_OUTCOME_UNKNOWN')
    fake.rds.heal()
  })

  test('that could not be sent is ERR_OWNER_UNREACHABLE', async () => {
    const fake = await started()
    const nowhere = fake.with({ endpoint: `http://127.0.0.1:${await freePort()}` })
    expect(await codeOf(nowhere.rotate(soon()))).toBe('ERR_OWNER_UNREACHABLE')
    expect(await codeOf(nowhere.state(soon()))).toBe('ERR_OWNER_UNREACHABLE')
  })

  test('that RDS does not take is refused with the name of its error', async () => {
    const fake = await started()
    const other = fake.with({ resource: { kind: 'instance', id: 'other' } })
    await expect(other.rotate(soon())).rejects.toMatchObject({
      code: 'ERR_OWNER_REFUSED',
      details: { problem: 'InvalidParameterCombination' },
    })
  })

  test('is never made of an instance that has another managed secret', async () => {
    const fake = await started()
    const resource = 'arn:aws:rds:us-east-1:123456789012:db:shop'
    const store = {
      ...secretsManagerStore({ secret: 'rds!db-another' }),
      owner: async () => ({ service: 'rds', arn: 'arn:another', resource }),
    }
    expect((await fake.with({ store }).state(soon())).state).toBe('stranger')
  })

  test('needs tags that name an instance or a cluster, or a target that does', async () => {
    const fake = await started()
    const secret = 'rds!db-untagged'
    const store = {
      ...secretsManagerStore({ secret }),
      owner: async () => ({ service: 'rds', arn: 'arn:x' }),
    }
    expect(await codeOf(fake.with({ store }).state(soon()))).toBe('ERR_OWNER_UNKNOWN')
  })
})
