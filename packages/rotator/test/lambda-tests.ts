import { randomUUID } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { LambdaWorld } from './lambda-world.ts'
import type { Called, Flat } from './lambda-world.ts'

/** What every engine's rotation function must do, on its real server. */
export function lambdaTests(engine: RigEngine['engine']): void {
  let world: LambdaWorld
  beforeAll(async () => {
    world = await LambdaWorld.start(engine)
  })
  afterAll(async () => await world[Symbol.asyncDispose]())

  const accepted = async (secret: string, label?: string): Promise<boolean> => {
    const { username = '', password = '' } = world.held(secret, label)
    return await world.accepts(username, new Sensitive(password, label ?? 'current'))
  }
  const secretOf = async (more: Flat = {}): Promise<string> =>
    await world.makeSecret(world.flat(await world.makeUser(), more))
  const two = (): Flat => ({ masterarn: world.adminSecret })

  describe(`one user (${engine})`, () => {
    test('gets another password in four steps; nothing else in the secret changes', async () => {
      const secret = await secretOf({ note: 'kept' })
      const before = world.held(secret)
      await world.rotate(secret)
      const after = world.held(secret)
      expect(after).toEqual({ ...before, password: after['password'] })
      expect(after['password']).not.toBe(before['password'])
      expect(after['password']).toHaveLength(32)
      expect(await accepted(secret)).toBe(true)
      expect(await accepted(secret, 'AWSPREVIOUS')).toBe(false)
    })

    test('I6: no password is in a line of the log or in the server’s own', async () => {
      const secret = await secretOf()
      // The password before was set in clear, by this test.
      await world.rotate(secret)
      const token = world.announce(secret)
      const lines: unknown[] = []
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
        lines.push((await world.call(secret, step, token)).lines)
      const wrong = await world.call(secret, 'setSecret', randomUUID())
      const said = `${JSON.stringify(lines)}${String(wrong.error)}${await world.rig.log()}`
      const has = (label: string): boolean =>
        said.includes(world.held(secret, label)['password'] ?? 'STEP_ENDED')
      expect(said).toContain('STEP_ENDED')
      expect({ current: has('AWSCURRENT'), previous: has('AWSPREVIOUS') }).toEqual({
        ...{ current: false, previous: false },
      })
    })

    test('T86: createSecret twice leaves one version', async () => {
      const secret = await secretOf()
      const token = world.announce(secret)
      expect((await world.call(secret, 'createSecret', token)).error).toBeUndefined()
      const staged = world.held(secret, 'AWSPENDING')
      expect((await world.call(secret, 'createSecret', token)).error).toBeUndefined()
      expect(world.held(secret, 'AWSPENDING')).toEqual(staged)
      expect(await accepted(secret)).toBe(true)
    })

    test('T87: setSecret has no effect where the staged password is in force', async () => {
      const secret = await secretOf()
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token)
      expect(effects(await world.call(secret, 'setSecret', token))).toEqual(['set'])
      expect(effects(await world.call(secret, 'setSecret', token))).toEqual([])
      expect(await accepted(secret, 'AWSPENDING')).toBe(true)
    })

    test('T87: setSecret goes on from the previous password', async () => {
      const secret = await secretOf()
      await world.rotate(secret)
      const { username = '', password = '' } = world.held(secret, 'AWSPREVIOUS')
      await world.setPassword(username, new Sensitive(password, 'previous'))
      await world.rotate(secret)
      expect(await accepted(secret)).toBe(true)
    })

    test('is refused where no version logs in, and nothing is tried again and again', async () => {
      const secret = await secretOf()
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token)
      const { username = '' } = world.held(secret)
      await world.setPassword(username, new Sensitive(randomUUID(), 'somebody else’s'))
      const called = await world.call(secret, 'setSecret', token)
      expect(called.error).toMatchObject({ name: 'CURRENT_DENIED' })
      expect(effects(called)).toEqual([])
    })

    test.each(['username', 'host', 'engine', 'dbname'])(
      'T88: a staged version with another %s is refused, and its password is not set',
      async (key) => {
        const secret = await secretOf()
        const token = world.announce(secret)
        await world.call(secret, 'createSecret', token)
        const value = { ...world.held(secret, 'AWSPENDING'), [key]: 'elsewhere.example' }
        const other = await world.stageByHand(secret, value)
        for (const step of ['setSecret', 'testSecret', 'finishSecret'] as const) {
          const { error } = await world.call(secret, step, other)
          expect(error).toMatchObject({ name: 'STAGED_STALE' })
        }
        expect(await accepted(secret)).toBe(true)
      },
    )

    test('what was staged before an edit of the secret is given up', async () => {
      const secret = await secretOf()
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token)
      await world.write(secret, { ...world.held(secret), note: 'new' })
      const { error } = await world.call(secret, 'createSecret', token)
      expect(error).toMatchObject({ name: 'STAGED_RELEASED' })
      expect(world.held(secret, 'AWSPENDING')).toEqual({})
      await world.rotate(secret)
      expect(world.held(secret)['note']).toBe('new')
      expect(await accepted(secret)).toBe(true)
    })

    test('a staged password that is in force is never given up', async () => {
      const secret = await secretOf()
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token)
      await world.call(secret, 'setSecret', token)
      await world.write(secret, { ...world.held(secret), note: 'new' })
      const { error } = await world.call(secret, 'createSecret', token)
      expect(error).toMatchObject({ name: 'STAGED_IN_FORCE' })
      expect(await accepted(secret, 'AWSPENDING')).toBe(true)
    })

    test('T89: finishSecret twice is done twice', async () => {
      const secret = await secretOf()
      const token = await world.rotate(secret)
      const after = world.held(secret)
      for (const step of ['finishSecret', 'createSecret', 'setSecret', 'testSecret'] as const)
        expect((await world.call(secret, step, token)).error).toBeUndefined()
      expect(world.held(secret)).toEqual(after)
    })

    test('an event that is no step is refused by its code, and so is a bad variable', async () => {
      const nonsense = await world.send({ Step: 'nonsense' })
      expect(nonsense.error).toMatchObject({ name: 'ERR_EVENT' })
      expect(nonsense.error?.message).toContain('Nothing was looked at')
      const event = { Step: 'setSecret', SecretId: 's', ClientRequestToken: 't' }
      const wrong = await world.send(event, { PASSWORD_LENGTH: '1' })
      expect(wrong.error).toMatchObject({ name: 'ERR_CONFIG' })
      expect(wrong.lines).toMatchObject([{ code: 'STEP_ENDED', error: 'ERR_CONFIG' }])
    })

    test('T90: a version that is not there, or not pending, is refused', async () => {
      const secret = await secretOf()
      const unknown = await world.call(secret, 'createSecret', randomUUID())
      expect(unknown.error).toMatchObject({ name: 'TOKEN_UNKNOWN' })
      const first = await world.rotate(secret)
      await world.rotate(secret)
      const old = await world.call(secret, 'createSecret', first)
      expect(old.error).toMatchObject({ name: 'TOKEN_NOT_PENDING' })
    })

    test('T91: nothing is done where rotation is turned off', async () => {
      const secret = await secretOf()
      const token = world.announce(secret)
      world.fake.schedule(secret, { enabled: false })
      const { error } = await world.call(secret, 'createSecret', token)
      expect(error).toMatchObject({ name: 'ROTATION_OFF' })
      expect(world.held(secret, 'AWSPENDING')).toEqual({})
    })

    test('steps out of their order are refused, and nothing becomes current', async () => {
      const secret = await secretOf()
      const before = world.held(secret)
      const token = world.announce(secret)
      const early = await world.call(secret, 'finishSecret', token)
      expect(early.error).toMatchObject({ name: 'NOT_STAGED' })
      await world.call(secret, 'createSecret', token)
      const unset = await world.call(secret, 'finishSecret', token)
      expect(unset.error).toMatchObject({ name: 'STAGED_DENIED' })
      expect(world.held(secret)).toEqual(before)
    })

    test('where the label cannot be moved, the old password is put back', async () => {
      const secret = await secretOf()
      const token = world.announce(secret)
      for (const step of ['createSecret', 'setSecret', 'testSecret'] as const)
        await world.call(secret, step, token)
      world.fake.fail({ kind: 'denied', action: 'UpdateSecretVersionStage' })
      const called = await world.call(secret, 'finishSecret', token)
      expect(called.error).toMatchObject({ name: 'ERR_STORE_DENIED' })
      expect(called.error?.message).toContain('was put back')
      expect(await accepted(secret)).toBe(true)
      for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
        expect((await world.call(secret, step, token)).error).toBeUndefined()
      expect(await accepted(secret)).toBe(true)
    })
  })

  describe(`two users (${engine})`, () => {
    test('take turns: the other one gets the rights, a password, and the label', async () => {
      const user = await world.makeUser()
      const secret = await world.makeSecret(world.flat(user, two()))
      await world.rotate(secret)
      expect(world.held(secret)['username']).toBe(`${user.username}_clone`)
      for (const label of ['AWSCURRENT', 'AWSPREVIOUS'])
        expect(await accepted(secret, label)).toBe(true)
      await world.rotate(secret)
      expect(world.held(secret)['username']).toBe(user.username)
      for (const label of ['AWSCURRENT', 'AWSPREVIOUS'])
        expect(await accepted(secret, label)).toBe(true)
    })

    test('a second user without rights never becomes current', async () => {
      const secret = await secretOf(two())
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token)
      const { username = '', password = '' } = world.held(secret, 'AWSPENDING')
      await world.makeBareUser(username, new Sensitive(password, 'staged'))
      for (const step of ['testSecret', 'finishSecret'] as const) {
        const { error } = await world.call(secret, step, token)
        expect(error).toMatchObject({ name: 'PRIVILEGES_DIFFER' })
      }
      expect(effects(await world.call(secret, 'setSecret', token))).toContain('grant')
      expect((await world.call(secret, 'finishSecret', token)).error).toBeUndefined()
    })

    test('sessions that began with the password before are told, and nothing is set', async () => {
      const secret = await secretOf(two())
      await world.rotate(secret)
      const { username = '', password = '' } = world.held(secret, 'AWSPREVIOUS')
      const old = new Sensitive(password, 'old')
      const session = await world.rig.connect({ username, password: old })
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token)
      const policy = { CUEDOT_OLD_SESSIONS: 'refuse' }
      const { error } = await world.call(secret, 'setSecret', token, policy)
      expect(error).toMatchObject({ name: 'STANDBY_IN_USE' })
      expect(error?.message).toContain('consumer')
      expect(await world.accepts(username, old)).toBe(true)
      await session.close()
      expect((await world.call(secret, 'setSecret', token, policy)).error).toBeUndefined()
    })

    test('a slot document turns, and both of its users log in', async () => {
      const user = await world.makeUser()
      const { host, port, dbname } = world.flat(user)
      const slot = (username: string, password: string): Flat => ({
        ...{ username, password, host, port: String(port), dbname },
      })
      const A = slot(user.username, user.password.reveal())
      const B = slot(`${user.username}_b`, 'placeholder')
      const more = { engine: world.rig.engine, masterarn: world.adminSecret, note: 'kept' }
      const secret = await world.makeSecret({ active_slot: 'A', A, B, ...more })
      await world.rotate(secret)
      await world.rotate(secret)
      const third = await world.rotate(secret)
      const held: Readonly<Record<string, unknown>> = world.held(secret)
      expect(held).toMatchObject({ active_slot: 'B', note: 'kept', last: { id: third } })
      for (const name of ['A', 'B']) {
        const { username, password } = Object(held[name])
        expect(await world.accepts(username, new Sensitive(password, name))).toBe(true)
      }
      await world.write(secret, { ...held, rotation: { id: 'open' } })
      const refused = await world.call(secret, 'createSecret', world.announce(secret))
      expect(refused.error?.name).toMatch(/ROTATION_OPEN|ERR_DOCUMENT_SHAPE/)
    })

    test('an admin’s secret for another server is refused before anything is tried', async () => {
      const other = await world.makeSecret({ ...world.flat(world.rig.admin), host: 'a.example' })
      const secret = await secretOf({ masterarn: other })
      const token = world.announce(secret)
      await world.call(secret, 'createSecret', token)
      const { error } = await world.call(secret, 'setSecret', token)
      expect(error).toMatchObject({ name: 'ADMIN_ELSEWHERE' })
    })
  })
}

/** The effects that a call of the function had, in their order. */
export function effects({ lines }: Called): readonly unknown[] {
  return lines.filter(({ code }) => code === 'EFFECT_DONE').map(({ effect }) => effect)
}
