import { randomUUID } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { instanceArn } from '../../testkit/src/fakes/rds-servers.ts'
import { startRds } from '../../testkit/src/fakes/rds.ts'
import type { FakeRds, RdsFakeOptions } from '../../testkit/src/fakes/rds.ts'
import { credentialOf } from './lambda-account-tests.ts'
import { LambdaWorld } from './lambda-world.ts'
import type { Called } from './lambda-world.ts'

const HOME = 'eu-central-1'

let world: LambdaWorld
beforeAll(async () => {
  world = await LambdaWorld.start('postgres')
})
afterAll(async () => await world[Symbol.asyncDispose]())

let rds: FakeRds
/** The name of the managed secret of the instance `shop`. */
let secret: string
beforeEach(async () => {
  vi.stubEnv('AWS_REGION', HOME)
  const { username, password } = await world.makeUser()
  await world.root.ask(`GRANT pg_read_all_stats TO ${username}`)
  secret = `rds!db-${randomUUID()}`
  const text = JSON.stringify({ username, password: password.reveal() })
  const secretArn = world.fake.managed.create(secret, text, {
    ...{ service: 'rds', tag: 'aws:rds:primaryDBInstanceArn' },
    resource: instanceArn('shop', HOME),
  })
  await serve({
    ...{ kind: 'instance', id: 'shop', secrets: world.fake.managed, secret, secretArn, username },
    endpoint: { address: 'localhost', port: world.rig.port },
    setPassword: (user, next) => world.setPassword(user, new Sensitive(next, 'managed')),
  })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rds[Symbol.asyncDispose]()
})

async function serve(options: RdsFakeOptions): Promise<void> {
  rds = await startRds(options)
  vi.stubEnv('AWS_ENDPOINT_URL_RDS', rds.endpoint)
}

async function rotate(id: string = secret, leftMs = 60_000): Promise<Called> {
  return await world.send({ Step: 'rotateManaged', SecretId: id }, {}, leftMs)
}

async function works(): Promise<boolean> {
  const { username, password } = credentialOf(world, secret)
  return await world.accepts(username, password)
}

const asked = (): number => rds.log.filter((action) => action === 'ModifyDBInstance').length

test('an event of one’s own has RDS rotate its secret, once, and proves the result', async () => {
  const before = world.held(secret)
  const { error, lines } = await rotate()
  expect(error).toBeUndefined()
  expect(world.held(secret)['password']).not.toBe(before['password'])
  expect(await works()).toBe(true)
  expect(asked()).toBe(1)
  const said = JSON.stringify(lines)
  expect(said).toContain('StepDuration')
  for (const { password = '' } of [before, world.held(secret)])
    expect(said.includes(password)).toBe(false)
})

test('a call that runs out of time leaves RDS at work; the next one waits', async () => {
  rds.rotation.holdAt('set')
  const first = await rotate(secret, 4_000)
  expect(first.error).toMatchObject({ name: 'ERR_INTERRUPTED' })
  expect(first.error?.message).toContain('the time of this call is over')
  const looks = rds.log.filter((action) => action === 'DescribeDBInstances').length
  const second = rotate()
  // Once for the server, and then for how far it is.
  await rds.lookedAt(looks + 2)
  await rds.rotation.settled()
  expect((await second).error).toBeUndefined()
  expect(asked()).toBe(1)
  expect(await works()).toBe(true)
})

test('somebody’s session is named, and RDS is not asked', async () => {
  const session = await world.rig.connect(credentialOf(world, secret))
  const { error } = await rotate()
  await session.close()
  expect(error).toMatchObject({ name: 'ADMIN_IN_USE' })
  expect(asked()).toBe(0)
})

test('a secret of one’s own is left to its four steps', async () => {
  const own = await world.makeSecret(world.flat(await world.makeUser()))
  expect((await rotate(own)).error).toMatchObject({ name: 'SECRET_NOT_MANAGED' })
  expect(asked()).toBe(0)
})

test('the four steps refuse a secret that RDS manages', async () => {
  const { error } = await world.call(secret, 'createSecret', randomUUID())
  expect(error).toMatchObject({ name: 'SECRET_IS_MANAGED' })
  expect(error?.message).toContain('rds')
})

test('an engine that cuedot does not speak is refused by name', async () => {
  await rds[Symbol.asyncDispose]()
  const { ARN } = await world.ask('DescribeSecret', { SecretId: secret })
  await serve({
    ...{ kind: 'instance', id: 'shop', secrets: world.fake.managed, secret, username: 'x' },
    ...{ secretArn: String(ARN), setPassword: async () => undefined },
    endpoint: { address: 'localhost', port: world.rig.port, engine: 'oracle-ee' },
  })
  expect((await rotate()).error).toMatchObject({ name: 'ERR_OWNER_UNKNOWN' })
})
