// Goal: an application that runs as the admin comes to a slot's user without being noticed, and
// whatever fails leaves it with exactly what it had. Method: a real server, the real command line,
// a sqlconf.php, and consumers that hold what they booted with until they are restarted.
import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import type { RigDocument } from '../../testkit/src/rig/rig.ts'
import { dropSlots, firstSlots, setScene, standIns } from './initial-fixture.ts'
import type { Scene } from './initial-fixture.ts'

const EVENTS = 26

async function current({ rig }: Scene): Promise<RigDocument> {
  const document = await rig.document('AWSCURRENT')
  if (document === undefined) throw new Error('the secret has no current version')
  return document
}

/** Exit code and what was said, for messages. */
async function cuedot(
  { rig }: Scene,
  ...args: readonly string[]
): Promise<[number | null, string]> {
  const { code, stdout, stderr } = await rig.cuedot([...args, '--json']).ended
  return [code, `${stdout}\n${stderr}`]
}

/** Everybody is on this slot, whose password logs in, and nobody was ever cut off. */
async function expectOn(scene: Scene, slot: 'A' | 'B'): Promise<void> {
  const document = await current(scene)
  expect(document.active_slot).toBe(slot)
  expect(document.rotation).toBeUndefined()
  expect(new Set(scene.rig.consumers.held())).toEqual(new Set([document[slot].username]))
  expect(await scene.sqlconf()).toContain(document[slot].password)
  for (const login of [document.A, document.B]) expect(await scene.logsIn(login)).toBe(true)
  expect(scene.rig.consumers.failures).toEqual([])
}

/** Registers the tests on one engine; a file for each, so that they run side by side. */
export function initialTests(name: string, startEngine: () => Promise<RigEngine>): void {
  describe(`an application that runs as the admin of ${name}`, () => {
    let engine: RigEngine

    beforeAll(async () => {
      engine = await startEngine()
    })

    afterAll(async () => {
      await engine[Symbol.asyncDispose]()
    })

    /** The admin still has the password that it began with. */
    const expectAdminUntouched = async (): Promise<void> => {
      const connection = await engine.connect(engine.admin)
      await connection.close()
    }

    test('comes to a user of its own, and alternates from then on', async () => {
      await using scene = await setScene(engine)
      const before = await scene.sqlconf()
      for (const slot of ['B', 'A', 'B'] as const) {
        const [code, said] = await cuedot(scene, 'rotate')
        expect(code, said).toBe(0)
        await expectOn(scene, slot)
      }
      const document = await current(scene)
      const { username, password } = document.B
      const { password: first } = engine.admin
      const after = before.replace(engine.admin.username, username)
      expect(await scene.sqlconf()).toBe(after.replace(first.reveal(), password))
      const place = { host: 'localhost', port: `${engine.port}`, dbname: engine.dbname }
      expect(document).toMatchObject({ A: place, B: place, team: 'rig' })
      expect(scene.rig.consumers.attempts).toBeGreaterThan(10)
      await expectAdminUntouched()
      const log = await engine.log()
      expect(log).toContain(username)
      expect(standIns().filter((text) => log.includes(text))).toEqual([])
    })

    test('comes to a user of its own when the secret names slot B', async () => {
      await using scene = await setScene(engine, { active: 'B' })
      const [code, said] = await cuedot(scene, 'rotate')
      expect(code, said).toBe(0)
      await expectOn(scene, 'A')
    })

    test('comes to a user that is there already, once that may do enough', async () => {
      await using scene = await setScene(engine, { passwords: 'random-and-set-for-nobody' })
      await using root = await engine.root()
      const { username } = engine.slots.B
      await root.ask(`CREATE USER '${username}'@'%' REQUIRE SSL`)
      const [refused, why] = await cuedot(scene, 'rotate')
      expect([refused, why]).toEqual([3, expect.stringContaining('PRIVILEGES_DIFFER')])
      expect(why).toContain(`ALL PRIVILEGES on database`)
      const [code, said] = await cuedot(scene, 'rotate', '--fix')
      expect(code, said).toBe(0)
      await expectOn(scene, 'B')
    })

    test('gets users that may do all in its database and nothing elsewhere', async () => {
      await using scene = await setScene(engine)
      expect((await cuedot(scene, 'rotate'))[0]).toBe(0)
      await using root = await engine.root()
      for (const { username } of [engine.slots.A, engine.slots.B]) {
        const grants = await root.ask(`SHOW GRANTS FOR '${username}'@'%'`)
        const lines = grants.map(([line]) =>
          String(line).replace(/ IDENTIFIED BY .*| REQUIRE .*/, ''),
        )
        expect(lines.map((line) => line.replaceAll(/[`']/g, ''))).toEqual([
          `GRANT USAGE ON *.* TO ${username}@%`,
          `GRANT ALL PRIVILEGES ON ${engine.dbname}.* TO ${username}@%`,
        ])
        const [[account] = []] = await root.ask(`SHOW CREATE USER '${username}'@'%'`)
        expect(String(account)).toContain(' REQUIRE SSL')
      }
    })

    test('has every byte of its config back when the rollout fails, then rotates', async () => {
      let failures = 1
      const rolled = async (): Promise<void> => {
        if (failures-- > 0) throw new Error('the new tasks are not healthy')
      }
      await using scene = await setScene(engine, { rolled, host: '127.0.0.1' })
      const before = await scene.sqlconf()
      const [code, said] = await cuedot(scene, 'rotate')
      expect(code, said).toBe(4)
      expect(await scene.sqlconf()).toBe(before)
      expect(new Set(scene.rig.consumers.held())).toEqual(new Set([engine.admin.username]))
      expect((await current(scene)).rotation).toBeUndefined()
      const settled = await cuedot(scene, 'heal')
      expect(settled[0], settled[1]).toBe(0)
      expect(await scene.sqlconf()).toBe(before)
      const [again, text] = await cuedot(scene, 'rotate')
      expect(again, text).toBe(0)
      await expectOn(scene, 'B')
      await expectAdminUntouched()
    })

    test('I1 I2 I5 hold when it is killed at a random point and run again', async () => {
      await using scene = await setScene(engine)
      const after = randomInt(EVENTS)
      let lines = 0
      await scene.rig.cuedot(['rotate', '--log-json'], (_line, child) => {
        lines += 1
        if (lines === after + 1) child.kill('SIGKILL')
      }).ended
      expect(scene.rig.consumers.failures, `killed after event ${after}`).toEqual([])
      const [code, said] = await cuedot(scene, 'rotate')
      expect(code, `killed after event ${after}: ${said}`).toBe(0)
      await expectOn(scene, (await current(scene)).active_slot)
      await expectAdminUntouched()
    })

    test('is brought to the active slot when the secret and its users are in order', async () => {
      await dropSlots(engine)
      const slots = await firstSlots(engine)
      await using scene = await setScene({ ...engine, slots }, { inOrder: true })
      const [code, said] = await cuedot(scene, 'heal')
      expect(code, said).toBe(0)
      await expectOn(scene, 'A')
      expect((await current(scene)).A.password).toBe(slots.A.password.reveal())
    })

    test('is brought to the active slot when its config has a password of before', async () => {
      await dropSlots(engine)
      const slots = await firstSlots(engine)
      const stale = new Sensitive('a-password-of-before', 'stale password')
      const login = { username: slots.A.username, password: slots.A.password }
      await using scene = await setScene({ ...engine, slots }, { inOrder: true, login })
      const bytes = await scene.sqlconf()
      await scene.rewrite(bytes.replace(login.password.reveal(), stale.reveal()))
      const [code, said] = await cuedot(scene, 'heal')
      expect(code, said).toBe(0)
      expect(await scene.sqlconf()).toBe(bytes)
      expect(await scene.logsIn((await current(scene)).A)).toBe(true)
    })

    test('is not touched because its config names the server in another way', async () => {
      await dropSlots(engine)
      const slots = await firstSlots(engine)
      const options = { inOrder: true, login: slots.A, host: '127.0.0.1' } as const
      await using scene = await setScene({ ...engine, slots }, options)
      const before = await scene.sqlconf()
      const [code, said] = await cuedot(scene, 'heal')
      expect(code, said).toBe(0)
      expect(await scene.sqlconf()).toBe(before)
      expect((await current(scene)).A.password).toBe(slots.A.password.reveal())
      expect(scene.rig.consumers.failures).toEqual([])
    })

    test('is left alone where the configuration does not allow it', async () => {
      await using fresh = await setScene(engine, { target: { initial: undefined } })
      const [failed, problem] = await cuedot(fresh, 'rotate')
      expect([failed, problem]).toEqual([1, expect.stringContaining('configure `initial`')])
      await dropSlots(engine)
      const slots = await firstSlots(engine)
      const options = { inOrder: true, target: { initial: undefined } }
      await using inOrder = await setScene({ ...engine, slots }, options)
      const [refused, said] = await cuedot(inOrder, 'rotate')
      expect([refused, said]).toEqual([3, expect.stringContaining('CONSUMER_UNKNOWN')])
    })

    test('is shown as it is by status, plan and verify', async () => {
      await using scene = await setScene(engine)
      const { rig } = scene
      const text = async (...args: readonly string[]): Promise<string> => {
        const { code, stdout, stderr } = await rig.cuedot(args).ended
        expect(code, stderr).toBeLessThanOrEqual(3)
        return stdout
      }
      expect(await text('status')).toContain(
        'sqlconf holds the initial user; the first rotation brings it to a slot',
      )
      const plan = await text('plan', '--for', 'rotate')
      expect(plan).toContain('Consumers run as the initial user.')
      expect(plan).toMatch(/provision B[^]*publish B at sqlconf[^]*provision A[^]*retire A/)
      const verified = await text('verify')
      expect(verified).toContain(`${engine.admin.username} logs in`)
      expect(verified).toContain(`${engine.slots.B.username} does not exist yet`)
    })
  })
}
