import { randomUUID } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { codeOf, soon } from '../../testkit/src/conformance/database-fixture.ts'
import { instanceArn } from '../../testkit/src/fakes/rds-servers.ts'
import type { RdsServer } from '../../testkit/src/fakes/rds-servers.ts'
import { startRds } from '../../testkit/src/fakes/rds.ts'
import type { FakeRds } from '../../testkit/src/fakes/rds.ts'
import { freePort } from '../../testkit/src/servers/ports.ts'
import { rdsIamActions } from '../src/adapters/rds/iam.ts'
import { rdsRegistry } from '../src/adapters/rds/registry.ts'
import { credentialOf } from './lambda-account-tests.ts'
import { effects } from './lambda-tests.ts'
import { LambdaWorld } from './lambda-world.ts'
import type { Called, Flat } from './lambda-world.ts'

/** As they are when a new DB instance is made. */
const [HOME, ABROAD] = ['eu-central-1', 'us-east-1']

let world: LambdaWorld
beforeAll(async () => {
  world = await LambdaWorld.start('postgres')
})
afterAll(async () => await world[Symbol.asyncDispose]())

let rds: FakeRds
/** The secret of the world's admin, as RDS manages it for the instance `shop`. */
let managed: string
beforeEach(async () => {
  const { username, port } = world.rig.admin
  managed = manage(instanceArn('shop', HOME))
  rds = await startRds({
    ...{ kind: 'instance', id: 'shop', endpoint: { address: 'localhost', port } },
    ...{ secrets: world.fake.managed, secret: managed, secretArn: managed, username },
    setPassword: (user, text) => world.setPassword(user, new Sensitive(text, 'managed')),
  })
  vi.stubEnv('AWS_ENDPOINT_URL_RDS', rds.endpoint)
  vi.stubEnv('AWS_REGION', HOME)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rds[Symbol.asyncDispose]()
})

/** A secret of the world's admin that says no more than RDS does. @returns its name */
function manage(resource: string): string {
  const { username, password } = world.rig.admin
  const name = `rds!db-${randomUUID()}`
  const owner = { service: 'rds', tag: 'aws:rds:primaryDBInstanceArn', resource }
  world.fake.managed.create(name, JSON.stringify({ username, password: password.reveal() }), owner)
  return name
}

function instance(id: string, more: Partial<RdsServer> = {}): void {
  rds.add({ kind: 'instance', id, address: `${id}.x`, port: world.rig.port, ...more })
}

function cluster(id: string, more: Partial<RdsServer> = {}): void {
  const names = { address: `${id}.cluster.x`, readerAddress: `${id}.cluster-ro.x` }
  rds.add({ kind: 'cluster', id, port: world.rig.port, ...names, ...more })
}

describe('what RDS knows of its servers', () => {
  const hostsOf = async (arn: string): Promise<readonly string[]> =>
    await rdsRegistry({}).hostsOf(arn, soon())
  const sourceOf = async (host: string): Promise<string | undefined> =>
    await rdsRegistry({}).sourceOf(host, soon())

  test('are the host of an instance, and both of a cluster, its writer first', async () => {
    instance('one')
    cluster('many')
    rds.add({ kind: 'cluster', id: 'lone', address: 'lone.cluster.x', port: 3306 })
    const arn = (id: string): string => `arn:aws:rds:${HOME}:123456789012:cluster:${id}`
    expect(await hostsOf(instanceArn('one', HOME))).toEqual(['one.x'])
    expect(await hostsOf(arn('many'))).toEqual(['many.cluster.x', 'many.cluster-ro.x'])
    expect(await hostsOf(arn('lone'))).toEqual(['lone.cluster.x'])
  })

  test('are no hosts where there is no such instance or cluster any more', async () => {
    expect(await hostsOf(instanceArn('gone', HOME))).toEqual([])
    expect(await hostsOf(`arn:aws:rds:${HOME}:123456789012:cluster:gone`)).toEqual([])
  })

  test('is what an instance is a read replica of', async () => {
    instance('main')
    instance('copy', { source: 'main' })
    expect(await sourceOf('copy.x')).toBe('main.x')
    expect(await sourceOf('COPY.X')).toBe('main.x')
    expect(await sourceOf('main.x')).toBeUndefined()
  })

  test('is a source in another region, and never its namesake in this one', async () => {
    instance('main', { region: HOME })
    instance('main', { region: ABROAD, address: 'main.abroad' })
    instance('copy', { region: HOME, source: instanceArn('main', ABROAD) })
    expect(await sourceOf('copy.x')).toBe('main.abroad')
    instance('orphan', { source: instanceArn('gone', ABROAD) })
    instance('gone', { region: HOME })
    expect(await sourceOf('orphan.x')).toBeUndefined()
    const stranger = instanceArn('main', ABROAD).replace('123456789012', '210987654321')
    instance('stranger', { source: stranger })
    expect(await sourceOf('stranger.x')).toBeUndefined()
  })

  test('is nothing of a host that only looks like an instance', async () => {
    instance('main')
    instance('copy', { source: 'main' })
    expect(await sourceOf('copy.example.com')).toBeUndefined()
    expect(await sourceOf('unknown.x')).toBeUndefined()
  })

  test('is not asked about what can be no instance', async () => {
    for (const host of ['10.0.0.7', 'db_1.x', '::1']) expect(await sourceOf(host)).toBeUndefined()
    expect(rds.log).toEqual([])
  })

  test('is asked with actions that stand in the list of permissions', async () => {
    instance('main')
    instance('copy', { source: 'main' })
    await sourceOf('copy.x')
    await hostsOf(`arn:aws:rds:${HOME}:123456789012:cluster:many`)
    const listed = rdsIamActions.map(({ action }) => action)
    for (const action of rds.log) expect(listed).toContain(`rds:${action}`)
  })

  test.each([
    ['denied', 'ERR_OWNER_DENIED'],
    ['throttle', 'ERR_OWNER_THROTTLED'],
    ['request-lost', 'ERR_OWNER_UNREACHABLE'],
  ] as const)('is unknown where RDS does not say (%s)', async (kind, code) => {
    rds.fail({ kind, calls: 100 })
    expect(await codeOf(sourceOf('copy.x'))).toBe(code)
    expect(await codeOf(hostsOf(instanceArn('main', HOME)))).toBe(code)
  })
})

describe('a rotation function whose admin RDS manages', () => {
  test('finds the host in RDS, and two users take turns', async () => {
    const secret = await secretOf({ masterarn: managed })
    const { username } = world.held(secret)
    for (const expected of [`${username}_clone`, username]) {
      await world.rotate(secret)
      expect(world.held(secret)['username']).toBe(expected)
      expect(await works(secret)).toBe(true)
    }
    expect(rds.log).toContain('DescribeDBInstances')
  })

  test('finds the admin while RDS changes its password', async () => {
    const secret = await secretOf({ masterarn: managed })
    rds.rotation.holdAt('set')
    rds.rotation.begin()
    await rds.rotation.reached('set')
    await world.rotate(secret)
    expect(await works(secret)).toBe(true)
    await rds.rotation.settled()
    await world.rotate(secret)
    expect(await works(secret)).toBe(true)
    await world.setPassword(world.rig.admin.username, world.rig.admin.password)
  })

  test('never brings its password to a host that is not of the instance', async () => {
    expect(await elsewhere({ masterarn: managed, host: '127.0.0.1' })).toContain('another server')
  })

  test('never guesses the host where RDS has no such instance any more', async () => {
    const masterarn = manage(instanceArn('gone', HOME))
    expect(await elsewhere({ masterarn })).toContain('another server')
  })

  test.each([
    ['denied', 'ERR_OWNER_DENIED'],
    ['request-lost', 'ERR_OWNER_UNREACHABLE'],
  ] as const)('never guesses the host where RDS does not say (%s)', async (kind, code) => {
    rds.fail({ kind, calls: 100 })
    const message = await elsewhere({ masterarn: managed })
    expect(message).toContain('RDS could not be asked')
    expect(message).toContain(code)
  })

  test('takes the writer of a cluster for a secret that names the reader', async () => {
    cluster('many', { address: '127.0.0.2', readerAddress: 'localhost' })
    const masterarn = manage(`arn:aws:rds:${HOME}:123456789012:cluster:many`)
    const { error } = await set(await secretOf({ masterarn }))
    expect(error).toMatchObject({ name: 'ERR_DB_UNREACHABLE' })
    expect(error?.message).toContain('127.0.0.2')
  })

  test('rotates the secret of a read replica on the instance that it copies', async () => {
    instance('main', { address: '127.0.0.1' })
    instance('localhost', { address: 'localhost', source: 'main' })
    const secret = await secretOf({ masterarn: manage(instanceArn('main', HOME)) })
    await world.rotate(secret)
    expect(await works(secret)).toBe(true)
  })

  test('never brings its password to the source of another replica', async () => {
    instance('main', { address: '127.0.0.1' })
    instance('other')
    instance('localhost', { address: 'localhost', source: 'other' })
    const masterarn = manage(instanceArn('main', HOME))
    expect(await elsewhere({ masterarn })).toContain('localhost')
  })
})

describe('a rotation function whose admin’s secret names another host', () => {
  /** The admin's secret, for the host `127.0.0.1`. */
  const admin = async (): Promise<string> =>
    await world.makeSecret({ ...world.flat(world.rig.admin), host: '127.0.0.1' })

  test('is refused where RDS says that they do not belong together', async () => {
    instance('other')
    instance('localhost', { address: 'localhost', source: 'other' })
    expect(await elsewhere({ masterarn: await admin() })).toContain('127.0.0.1')
  })

  test('is refused where RDS knows nothing of the secret’s host', async () => {
    expect(await elsewhere({ masterarn: await admin() })).toContain('localhost')
  })

  test('is refused where RDS does not say, and it is told why', async () => {
    rds.fail({ kind: 'denied', calls: 100 })
    const message = await elsewhere({ masterarn: await admin() })
    expect(message).toContain('RDS could not be asked whether they belong together')
  })

  test('is refused where RDS is not there', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_RDS', `http://127.0.0.1:${await freePort()}`)
    expect(await elsewhere({ masterarn: await admin() })).toContain('RDS could not be asked')
  })
})

async function secretOf(more: Flat): Promise<string> {
  return await world.makeSecret(world.flat(await world.makeUser(), more))
}

async function works(secret: string): Promise<boolean> {
  const { username, password } = credentialOf(world, secret)
  return await world.accepts(username, password)
}

/** The first two steps, of which the second needs the admin. */
async function set(secret: string): Promise<Called> {
  const token = world.announce(secret)
  await world.call(secret, 'createSecret', token)
  return await world.call(secret, 'setSecret', token)
}

/**
 * That the admin's password goes nowhere for a secret with these fields.
 * @returns what the function says
 */
async function elsewhere(more: Flat): Promise<string> {
  const before = await world.rig.cost()
  const called = await set(await secretOf(more))
  expect(called.error).toMatchObject({ name: 'ADMIN_ELSEWHERE' })
  expect(effects(called)).toEqual([])
  expect(await world.rig.cost()).toMatchObject({ connections: before.connections })
  expect(JSON.stringify(called.lines)).not.toContain(world.rig.admin.password.reveal())
  return called.error?.message ?? ''
}
