// Goal: a function that dies is finished by the next one. Method: the command line as a process of
// its own, killed at the n-th call of Secrets Manager, whose effect has taken place: every other n
// with one user, those between with two. The simulator has all of them.
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startMoto } from '../../testkit/src/servers/moto.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { startCuedot } from './cli-process.ts'
import type { CliProcess } from './cli-process.ts'
import { credentialOf } from './lambda-account-tests.ts'
import { LambdaWorld } from './lambda-world.ts'
import type { Flat } from './lambda-world.ts'

const AWS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' }

let world: LambdaWorld
beforeAll(async () => {
  world = await LambdaWorld.start('mariadb')
})
afterAll(async () => await world[Symbol.asyncDispose]())

function start(endpoint: string, ...args: readonly string[]): CliProcess {
  const env = { ...AWS, SECRETS_MANAGER_ENDPOINT: endpoint, CUEDOT_TLS_CA: world.rig.caFile }
  return startCuedot(['lambda', ...args], { cwd: tmpdir(), env })
}

async function isServed(secret: string, ...labels: readonly string[]): Promise<boolean> {
  const answers = await Promise.all(
    labels.map(async (label) => {
      const { username, password } = credentialOf(world, secret, label)
      return username !== '' && (await world.accepts(username, password))
    }),
  )
  return answers.includes(true)
}

describe.each([
  ['one user', 0, (): Flat => ({}), ['AWSCURRENT', 'AWSPENDING']],
  ['two users', 1, (): Flat => ({ masterarn: world.adminSecret }), ['AWSCURRENT']],
])('a function that is killed, %s', (_name, first, more, labels) => {
  test('at any call leaves applications a password that works, and heal ends it', async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser(), more()))
    const { endpoint, log } = world.fake
    const before = log.length
    const invoke = ['invoke', '--local', '--secret', secret]
    expect((await start(endpoint, ...invoke).ended).code).toBe(0)
    const calls = log.length - before
    expect(calls).toBeGreaterThan(10)
    for (let after = first; after < calls; after += 2) {
      const killed = start(endpoint, ...invoke)
      world.fake.fail({ kind: 'hang', after, struck: () => killed.child.kill('SIGKILL') })
      await killed.ended
      world.fake.heal()
      expect({ after, served: await isServed(secret, ...labels) }).toEqual({ after, served: true })
      const { code, stdout, stderr } = await start(endpoint, 'heal', '--secret', secret).ended
      expect({ after, code, stdout, stderr }).toMatchObject({ after, code: 0 })
      const served = await isServed(secret, 'AWSCURRENT')
      expect({ after, served }).toEqual({ after, served: true })
      expect(world.held(secret, 'AWSPENDING')).toEqual(world.held(secret))
    }
  })
})

// Where there is none it prints so.
const moto = await startMoto()
afterAll(async () => await moto?.[Symbol.asyncDispose]())

test.runIf(moto)('moto judges alike: one user and two, there and back', async () => {
  const endpoint = moto?.endpoint ?? ''
  const admin = secretsManagerAdmin(endpoint)
  await admin.createSecret('admin', JSON.stringify(world.flat(world.rig.admin)))
  for (const more of [{}, { masterarn: 'admin' }]) {
    const user = await world.makeUser()
    await admin.createSecret(user.username, JSON.stringify(world.flat(user, more)))
    for (const round of [1, 2]) {
      const args = ['invoke', '--local', '--secret', user.username]
      const { code, stdout } = await start(endpoint, ...args).ended
      expect({ round, code, stdout }).toMatchObject({ round, code: 0 })
    }
    const answer = await admin.call('GetSecretValue', { SecretId: user.username })
    expect(JSON.parse(String(answer['SecretString']))).toMatchObject({ username: user.username })
    expect(answer['SecretString']).not.toContain(user.password.reveal())
  }
})
