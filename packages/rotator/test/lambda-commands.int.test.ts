import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startCuedot } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'
import { LambdaWorld } from './lambda-world.ts'

let world: LambdaWorld
beforeAll(async () => {
  world = await LambdaWorld.start('postgres')
})
afterAll(async () => await world[Symbol.asyncDispose]())

async function cuedot(args: readonly string[], more: object = {}): Promise<CliResult> {
  const env = {
    ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' },
    ...{ SECRETS_MANAGER_ENDPOINT: world.fake.endpoint, CUEDOT_TLS_CA: world.rig.caFile },
    ...more,
  }
  return await startCuedot(args, { cwd: tmpdir(), env }).ended
}

async function currentWorks(secret: string): Promise<boolean> {
  const { username = '', password = '' } = world.held(secret)
  return await world.accepts(username, new Sensitive(password, 'current'))
}

/** The id of the version with this label. */
async function idOf(secret: string, label: string): Promise<string> {
  const { labels } = await world.describe(secret)
  return Object.entries(labels).find(([, own]) => own.includes(label))?.[0] ?? ''
}

describe('lambda invoke --local', () => {
  test('makes all four steps, and tells each effect on stderr', async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    const before = world.held(secret)
    const { code, stdout, stderr } = await cuedot([
      'lambda',
      'invoke',
      '--local',
      '--secret',
      secret,
    ])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toContain('the new password is current')
    for (const effect of ['stage', 'set', 'promote']) expect(stderr).toContain(`${effect}: done in`)
    expect(world.held(secret)['password']).not.toBe(before['password'])
    expect(await currentWorks(secret)).toBe(true)
    for (const { password = '' } of [before, world.held(secret)])
      expect(`${stdout}${stderr}`).not.toContain(password)
  })

  test('makes one step for a version that Secrets Manager has made', async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    const token = world.announce(secret)
    const step = ['--step', 'createSecret', '--token', token]
    const { code } = await cuedot(['lambda', 'invoke', '--local', '--secret', secret, ...step])
    expect(code).toBe(0)
    expect(world.held(secret, 'AWSPENDING')['password']).toHaveLength(32)
  })

  test.each([
    [['lambda', 'invoke', '--secret', 's'], 'Add --local'],
    [['lambda', 'invoke', '--local', '--secret', 's', '--step', 'setSecret'], '--token'],
    [['lambda', 'invoke', '--local', '--secret', 's', '--step', 'nonsense'], 'createSecret'],
    [['lambda', 'invoke', '--local'], '--secret'],
  ])('%j is refused with what to type instead', async (args, todo) => {
    const { code, stdout, stderr } = await cuedot(args)
    expect(code).toBe(2)
    expect(`${stdout}${stderr}`).toContain(todo)
  })

  test.each([
    ['PASSWORD_LENGTH', '4'],
    ['CUEDOT_STRATEGY', 'both'],
    ['CUEDOT_OLD_SESSIONS', 'kill'],
    ['CUEDOT_ENGINE', 'oracle'],
  ])('a variable that cannot be used is named: %s=%s', async (name, value) => {
    const args = ['lambda', 'invoke', '--local', '--secret', 's']
    const { code, stderr, stdout } = await cuedot(args, { [name]: value })
    expect(code).toBe(2)
    expect(`${stdout}${stderr}`).toContain(name)
  })
})

describe('lambda build', () => {
  // The functions are in the package; of the sources alone none is built.
  test('writes both functions from the package, or says what to run first', async () => {
    const out = await mkdtemp(join(tmpdir(), 'cuedot-functions-'))
    onTestFinished(async () => await rm(out, { recursive: true }))
    const { code, stdout } = await cuedot(['lambda', 'build', '--out', out, '--json'])
    const isPackage = process.env['CUEDOT_TEST_PROGRAM'] !== undefined
    if (code !== 0 && !isPackage) expect(stdout).toContain('npm run build')
    else {
      const { functions } = JSON.parse(stdout)
      expect({ code, functions }).toMatchObject({
        ...{ code: 0, functions: [{ name: 'restart' }, { name: 'rotation' }] },
      })
      expect(await readdir(out)).toEqual(['restart.zip', 'rotation.zip'])
    }
  })
})

describe('lambda heal', () => {
  test('finishes what Secrets Manager has given up', async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    const token = world.announce(secret)
    for (const step of ['createSecret', 'setSecret'] as const) await world.call(secret, step, token)
    expect(await currentWorks(secret)).toBe(false)
    const { code } = await cuedot(['lambda', 'heal', '--secret', secret])
    expect(code).toBe(0)
    expect(await currentWorks(secret)).toBe(true)
    expect(await idOf(secret, 'AWSCURRENT')).toBe(token)
  })

  test('takes the label from what does not fit the secret any more', async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    await world.call(secret, 'createSecret', world.announce(secret))
    await world.write(secret, { ...world.held(secret), note: 'edited' })
    const { code } = await cuedot(['lambda', 'heal', '--secret', secret])
    expect(code).toBe(0)
    expect(await idOf(secret, 'AWSPENDING')).toBe('')
    expect(await currentWorks(secret)).toBe(true)
  })

  test('never brings back a password that somebody has replaced by hand', async () => {
    const user = await world.makeUser()
    const secret = await world.makeSecret(world.flat(user))
    const token = await world.rotate(secret)
    const next = new Sensitive('Replaced-by-hand-0123456789', 'password by hand')
    await world.setPassword(user.username, next)
    await world.write(secret, { ...world.held(secret), password: next.reveal() })
    expect(await idOf(secret, 'AWSPENDING')).toBe(token)
    const { code } = await cuedot(['lambda', 'heal', '--secret', secret])
    expect(code).toBe(0)
    expect(world.held(secret)['password']).toBe(next.reveal())
    expect(await currentWorks(secret)).toBe(true)
    expect(await idOf(secret, 'AWSPENDING')).toBe('')
  })

  test('has nothing to do where nothing is open', async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    const { code, stdout } = await cuedot(['lambda', 'heal', '--secret', secret])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('no rotation') })
  })
})

describe('restore', () => {
  test('sets the database back, and moves the label', async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    const before = world.held(secret)
    const first = await idOf(secret, 'AWSCURRENT')
    await world.rotate(secret)
    const { code } = await cuedot(['restore', '--secret', secret, '--to', first])
    expect(code).toBe(0)
    expect(world.held(secret)).toEqual(before)
    expect(await currentWorks(secret)).toBe(true)
    // What was restored stays, though AWSPENDING is still where the rotation has left it.
    expect((await cuedot(['lambda', 'heal', '--secret', secret])).code).toBe(0)
    expect(world.held(secret)).toEqual(before)
    await world.rotate(secret)
    expect(await currentWorks(secret)).toBe(true)
  })

  test('of two users brings back the one before, whose password was never changed', async () => {
    const user = await world.makeUser()
    const flat = world.flat(user, { masterarn: world.adminSecret })
    const secret = await world.makeSecret(flat)
    await world.rotate(secret)
    const previous = await idOf(secret, 'AWSPREVIOUS')
    const { code, stderr } = await cuedot(['restore', '--secret', secret, '--to', previous])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).not.toContain('set:')
    expect(world.held(secret)['username']).toBe(user.username)
    expect(await currentWorks(secret)).toBe(true)
  })

  test('refuses a version that is not there, and one that names another server', async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    const strange = '00000000-0000-0000-0000-000000000000'
    const unknown = await cuedot(['restore', '--secret', secret, '--to', strange])
    expect(unknown).toMatchObject({ code: 3, stdout: expect.stringContaining('no version has') })
    const first = await idOf(secret, 'AWSCURRENT')
    await world.write(secret, { ...world.held(secret), host: '127.0.0.1' })
    const elsewhere = await cuedot(['restore', '--secret', secret, '--to', first, '--json'])
    expect(elsewhere.code).toBe(3)
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ code: 'STAGED_STALE' })
  })
})
