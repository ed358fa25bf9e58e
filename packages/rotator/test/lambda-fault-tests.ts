import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FaultKind } from '../../testkit/src/fakes/secrets-manager.ts'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { ROTATION_STEPS } from '../src/domain/four-steps.ts'
import { credentialOf } from './lambda-account-tests.ts'
import { LambdaWorld } from './lambda-world.ts'
import type { Flat } from './lambda-world.ts'

/**
 * What must hold when Secrets Manager or the database fails in the middle, on a real server.
 *
 * @param kinds - what strikes each call; the simulator has every engine's steps struck in every way
 */
export function faultTests(engine: RigEngine['engine'], kinds: readonly FaultKind[]): void {
  let world: LambdaWorld
  beforeAll(async () => {
    world = await LambdaWorld.start(engine)
  })
  afterAll(async () => await world[Symbol.asyncDispose]())

  const works = async (secret: string, label?: string): Promise<boolean> => {
    const { username, password } = credentialOf(world, secret, label)
    return username !== '' && (await world.accepts(username, password))
  }

  /** As Secrets Manager does: from the first step again, where one has failed. */
  const repeat = async (secret: string, token: string): Promise<void> => {
    for (const step of ROTATION_STEPS) {
      const { error } = await world.call(secret, step, token)
      if (error) throw error
    }
  }

  describe.each([
    ['one user', () => ({})],
    ['two users', (): Flat => ({ masterarn: world.adminSecret })],
  ])(`${engine}, %s`, (_name, more) => {
    test.each(kinds)('every call of Secrets Manager struck by %s', async (kind) => {
      const isOne = !('masterarn' in more())
      const secret = await world.makeSecret(world.flat(await world.makeUser(), more()))
      const before = world.fake.log.length
      await world.rotate(secret)
      const calls = world.fake.log.length - before
      for (let after = 0; after < calls; after++) {
        const token = world.announce(secret)
        world.fake.fail({ kind, after })
        for (const step of ROTATION_STEPS) {
          const { error } = await world.call(secret, step, token)
          // Whoever reads the secret finds a password that works; one user's may be the staged one.
          const served = (await works(secret)) || (isOne && (await works(secret, 'AWSPENDING')))
          expect({ after, step, served }).toEqual({ after, step, served: true })
          if (error) break
        }
        world.fake.heal()
        await repeat(secret, token)
        expect({ after, works: await works(secret) }).toEqual({ after, works: true })
      }
    })

    test('the database restarts between any two steps', async () => {
      const secret = await world.makeSecret(world.flat(await world.makeUser(), more()))
      for (const step of ROTATION_STEPS.slice(1)) {
        const token = world.announce(secret)
        for (const one of ROTATION_STEPS) {
          if (one === step) await world.restart()
          const { error } = await world.call(secret, one, token)
          expect({ step, one, error }).toEqual({ step, one, error: undefined })
        }
        expect(await works(secret)).toBe(true)
      }
    })
  })

  test(`${engine}: a dead server is never taken for a wrong password`, async () => {
    const user = await world.makeUser()
    const secret = await world.makeSecret(world.flat(user, { port: await world.deadPort() }))
    const token = world.announce(secret)
    await world.call(secret, 'createSecret', token)
    const { error } = await world.call(secret, 'setSecret', token)
    expect(error).toMatchObject({ name: 'ERR_DB_UNREACHABLE' })
  })

  test(`${engine}: a call without time left changes nothing and says so`, async () => {
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    const event = { Step: 'createSecret', SecretId: secret, ClientRequestToken: randomUUID() }
    const { error } = await world.send(event, {}, 1)
    expect(error?.name).toMatch(/^(ERR_|TOKEN_UNKNOWN)/)
    expect(await works(secret)).toBe(true)
  })
}
