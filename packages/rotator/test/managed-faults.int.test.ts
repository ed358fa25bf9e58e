// Goal: whatever dies or is lost on the way, RDS is asked once, and what it does is waited for.
// Method: the command line in its own process, the real SDK, and a fake RDS that changes the
// password of a real PostgreSQL in phases that a test can stop at.
import { describe, expect, test } from 'vitest'
import { json } from './cli-fixture.ts'
import { managedTarget, useManagedSuite } from './managed-fixture.ts'
import type { ManagedWorld } from './managed-fixture.ts'

const suite = useManagedSuite()

/** What RDS was asked to change. */
const asks = ({ rds }: ManagedWorld): readonly string[] =>
  rds.log.filter((action) => action.startsWith('Modify'))

async function expectRotated(world: ManagedWorld): Promise<void> {
  expect(await world.accepts(await world.credential())).toBe(true)
  expect(await world.accepts(await world.credential('AWSPREVIOUS'))).toBe(false)
}

describe('a run that is killed', () => {
  test.each(['taken', 'begun', 'staged', 'set', 'current'] as const)(
    'after RDS has %s the rotation is followed by the next run, which asks for none',
    async (phase) => {
      const world = await suite.make()
      world.rds.rotation.holdAt(phase)
      const killed = world.start('rotate')
      await world.rds.rotation.reached(phase)
      killed.child.kill('SIGKILL')
      await killed.ended
      const next = world.start('rotate', '--json')
      await next.shows(phase === 'taken' ? 'ERR_OWNER_STATE' : 'await')
      world.rds.rotation.release()
      const { code, stdout, stderr } = await next.ended
      expect(code, stderr).toBe(0)
      expect(json(stdout)).toMatchObject({ outcome: 'rotated' })
      expect(world.rds.rotation.count).toBe(1)
      await expectRotated(world)
    },
  )

  test('before it asked, or long ago, leaves nothing: the next one rotates', async () => {
    const world = await suite.make()
    world.rds.fail({ kind: 'hang', action: 'DescribeDBInstances' })
    const early = world.start('rotate')
    await early.shows('rotate begins')
    early.child.kill('SIGKILL')
    await early.ended
    expect(world.rds.rotation.count).toBe(0)
    world.rds.heal()
    world.rds.rotation.holdAt('begun')
    const late = world.start('rotate')
    await late.shows('await')
    late.child.kill('SIGKILL')
    await late.ended
    await world.rds.rotation.settled()
    expect((await world.run('rotate')).code).toBe(0)
    expect(world.rds.rotation.count).toBe(2)
    await expectRotated(world)
  })

  test('is not needed for a rotation that RDS has begun by itself to be waited for', async () => {
    const world = await suite.make()
    world.rds.rotation.holdAt('set')
    world.rds.rotation.begin()
    await world.rds.rotation.reached('set')
    const heal = world.start('heal')
    await heal.shows('await')
    world.rds.rotation.release()
    const { code, stdout } = await heal.ended
    expect(code).toBe(0)
    expect(stdout).toContain('The credential was rotated.')
    expect(asks(world)).toEqual([])
  })
})

describe('a request whose answer is lost', () => {
  test.each(['answer-lost', 'broken'] as const)(
    'is not sent again when it arrived: %s',
    async (kind) => {
      const world = await suite.make()
      world.rds.fail({ kind, action: 'ModifyDBInstance' })
      const { code, stdout, stderr } = await world.run('rotate', '--json')
      expect(code, stderr).toBe(0)
      expect(json(stdout)).toMatchObject({
        outcome: 'rotated',
        failures: [{ step: 'ask', code: 'ERR_OUTCOME_UNKNOWN' }],
      })
      expect(asks(world)).toHaveLength(1)
      await expectRotated(world)
    },
  )

  test('is watched, and sent again only when nothing came of it', async () => {
    const world = await suite.make()
    world.rds.fail({ kind: 'request-lost', action: 'ModifyDBInstance' })
    const { code, stdout } = await world.run('rotate', '--json')
    expect(code).toBe(0)
    const steps = ['ask', 'await'].map((step) => expect.objectContaining({ step }))
    expect(json(stdout)['actions']).toEqual([steps[1], ...steps])
    expect(world.rds.rotation.count).toBe(1)
    await expectRotated(world)
  })

  test('is sent three times at most', async () => {
    const world = await suite.make()
    await world.configure(
      managedTarget(world.secret, world.server.port).map((line) =>
        line.replace('limit: 20s', 'limit: 2s'),
      ),
    )
    world.rds.fail({ kind: 'request-lost', action: 'ModifyDBInstance', calls: 100 })
    const { code, stdout } = await world.run('rotate', '--json')
    expect(json(stdout)).toMatchObject({ outcome: 'stopped', code: 'ERR_OWNER_SLOW' })
    expect(code).toBe(5)
    expect(asks(world)).toHaveLength(3)
  })
})

describe('RDS that does not rotate', () => {
  test('in the state that it is in is asked until it is well, or the run gives up', async () => {
    const world = await suite.make()
    world.rds.fail({ kind: 'state', action: 'ModifyDBInstance', calls: 2 })
    expect((await world.run('rotate')).code).toBe(0)
    world.rds.fail({ kind: 'state', action: 'ModifyDBInstance', calls: 100 })
    const { code, stdout } = await world.run('rotate', '--json')
    expect(json(stdout)).toMatchObject({ outcome: 'failed', code: 'ERR_OWNER_STATE' })
    expect(code).toBe(1)
    expect(world.rds.rotation.count).toBe(1)
  })

  test('because we may not ask is told with the action', async () => {
    const world = await suite.make()
    world.rds.fail({ kind: 'denied', action: 'ModifyDBInstance' })
    const { code, stdout } = await world.run('rotate')
    expect(stdout).toMatch(/ERR_OWNER_DENIED.*ModifyDBInstance/)
    expect(code).toBe(1)
  })

  test('within the limit is left, and the next run waits and asks for nothing', async () => {
    const world = await suite.make()
    const lines = managedTarget(world.secret, world.server.port)
    await world.configure(lines.map((line) => line.replace('limit: 20s', 'limit: 1s')))
    world.rds.rotation.holdAt('begun')
    const slow = await world.run('rotate', '--json')
    expect(json(slow.stdout)).toMatchObject({ outcome: 'stopped', code: 'ERR_OWNER_SLOW' })
    expect(slow.code).toBe(5)
    await world.configure(lines)
    const next = world.start('rotate')
    await next.shows('await')
    world.rds.rotation.release()
    expect((await next.ended).code).toBe(0)
    expect(world.rds.rotation.count).toBe(1)
  })

  test('because it cannot use the secret is told, and asked again by the next run', async () => {
    const world = await suite.make()
    world.rds.rotation.breakNext()
    const { code, stdout } = await world.run('rotate', '--json')
    expect(json(stdout)).toMatchObject({ outcome: 'refused', code: 'SECRET_IMPAIRED' })
    expect(code).toBe(3)
    expect((await world.run('status', '--exit-code')).code).toBe(3)
    expect((await world.run('rotate')).code).toBe(0)
    await expectRotated(world)
  })
})

describe('a password that does not log in', () => {
  const spoil = (world: ManagedWorld): Promise<void> =>
    world.server.sql(`ALTER ROLE ${world.username} PASSWORD 'set-by-hand'`)

  test('is waited for while RDS is about to set another one', async () => {
    const world = await suite.make()
    world.rds.rotation.holdAt('begun')
    world.rds.rotation.begin()
    await world.rds.rotation.reached('begun')
    await spoil(world)
    const heal = world.start('heal', '--json')
    await world.rds.lookedAt(2)
    world.rds.rotation.release()
    const { code, stdout, stderr } = await heal.ended
    expect(code, stderr).toBe(0)
    expect(json(stdout)).toMatchObject({ outcome: 'rotated' })
    expect(asks(world)).toEqual([])
  })

  test('is refused while RDS is at rest, and told with what RDS can do', async () => {
    const world = await suite.make()
    await spoil(world)
    const rotate = await world.run('rotate', '--json')
    expect(json(rotate.stdout)).toMatchObject({ outcome: 'refused', code: 'MANAGED_DENIED' })
    const plan = await world.run('plan')
    expect(plan.stdout).toContain('MANAGED_DENIED')
    expect([rotate.code, plan.code]).toEqual([3, 3])
    expect(asks(world)).toEqual([])
  })
})
