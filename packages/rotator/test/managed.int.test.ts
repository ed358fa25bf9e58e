// Goal: a managed credential is rotated by its owner alone, and never written or altered by us.
// Method: the command line in its own process, the real SDK, and a fake RDS that changes the
// password of a real PostgreSQL.
import { describe, expect, test } from 'vitest'
import { json } from './cli-fixture.ts'
import { managedTarget, useManagedSuite } from './managed-fixture.ts'
import type { ManagedWorld } from './managed-fixture.ts'

const suite = useManagedSuite()

const WRITES = ['PutSecretValue', 'UpdateSecretVersionStage', 'RotateSecret']

/** What RDS was asked to change. */
const asks = ({ rds }: ManagedWorld): readonly string[] =>
  rds.log.filter((action) => action.startsWith('Modify'))

async function expectRotated(world: ManagedWorld): Promise<void> {
  expect(await world.accepts(await world.credential())).toBe(true)
  expect(await world.accepts(await world.credential('AWSPREVIOUS'))).toBe(false)
}

describe('a rotation of a managed credential', () => {
  test.each(['instance', 'cluster'] as const)(
    'is asked for once, waited for and proved: %s',
    async (kind) => {
      const world = await suite.make({ kind })
      const { secrets } = world
      const calls = secrets.log.length
      const { code, stdout, stderr } = await world.run('rotate', '--json')
      expect(code, stderr).toBe(0)
      const result = json(stdout)
      expect(result).toMatchObject({ outcome: 'rotated', failures: [] })
      expect(result['actions']).toMatchObject([{ step: 'ask' }, { step: 'await' }])
      await expectRotated(world)
      expect(asks(world)).toEqual([kind === 'instance' ? 'ModifyDBInstance' : 'ModifyDBCluster'])
      const name = kind === 'instance' ? 'DBInstanceIdentifier' : 'DBClusterIdentifier'
      expect([...world.rds.asked.keys()].toSorted()).toEqual(
        ['Action', 'ApplyImmediately', 'RotateMasterUserPassword', 'Version', name].toSorted(),
      )
      expect(secrets.log.slice(calls).filter((action) => WRITES.includes(action))).toEqual([])
    },
  )

  test('sends no statement to the database that changes anything', async () => {
    const world = await suite.make()
    const before = (await world.server.log()).length
    await world.run('rotate')
    const log = (await world.server.log()).slice(before)
    const ours = log.split('\n').filter((line) => line.includes('ALTER ROLE'))
    // One by the fake RDS.
    expect(ours).toHaveLength(1)
  })

  test('is refused while somebody else has a session as the user', async () => {
    const world = await suite.make()
    const client = await world.connect('reports')
    const { code, stdout } = await world.run('rotate')
    await client.end()
    expect(code).toBe(3)
    expect(stdout).toMatch(/ADMIN_IN_USE.*by reports from/)
    expect(asks(world)).toEqual([])
    expect((await world.run('rotate')).code).toBe(0)
  })

  test('is planned, shown and verified without being asked for', async () => {
    const world = await suite.make()
    const plan = await world.run('plan')
    expect(plan.stdout).toMatch(/point of no return.*\n +1 +ask .*\n.*\n +2 +await /)
    const status = await world.run('status', '--json')
    expect(json(status.stdout)).toMatchObject({
      strategy: 'managed',
      attention: false,
      credentials: [{ slot: 'user', username: world.username, ageMs: expect.any(Number) }],
    })
    const verify = await world.run('verify')
    expect(verify.stdout).toMatch(/ok +owner +RDS owns .* and is at rest \(active\)/)
    expect([plan.code, status.code, verify.code]).toEqual([0, 0, 0])
    expect(asks(world)).toEqual([])
  })
})

describe('a target that is not what it says', () => {
  const named = (world: ManagedWorld, id: string): Promise<void> =>
    world.configure(managedTarget(world.secret, world.server.port, [`rds: { instance: ${id} }`]))

  test('names an instance that does not exist', async () => {
    const world = await suite.make()
    await named(world, 'nowhere')
    const { code, stdout } = await world.run('rotate')
    expect(stdout).toMatch(/ERR_OWNER_UNKNOWN.*DB instance nowhere/)
    expect(code).toBe(1)
  })

  test('names an instance of another credential, which is not rotated', async () => {
    const world = await suite.make()
    await named(world, world.rds.rotation.count === 0 ? `other-${world.username.slice(4)}` : '')
    const { code, stdout } = await world.run('rotate', '--json')
    expect(json(stdout)).toMatchObject({ outcome: 'refused', code: 'SECRET_NOT_MANAGED' })
    expect(code).toBe(3)
    expect(asks(world)).toEqual([])
  })

  test('names a secret that is gone', async () => {
    const world = await suite.make()
    await world.configure(managedTarget('rds!db-gone', world.server.port))
    const { code, stdout } = await world.run('rotate')
    expect(stdout).toContain('ERR_STORE_NOT_FOUND')
    expect(code).toBe(1)
  })

  test('I2 takes a managed secret for its own: nothing is staged or altered', async () => {
    const world = await suite.make()
    const lines = managedTarget(world.secret, world.server.port).filter(
      (line) => !line.startsWith('wait'),
    )
    await world.configure(['strategy: single-user', ...lines.slice(1)])
    const before = world.secrets.log.length
    for (const verb of ['rotate', 'heal']) {
      const { code, stdout } = await world.run(verb, '--json')
      expect(json(stdout)).toMatchObject({ outcome: 'refused', code: 'SECRET_IS_MANAGED' })
      expect(json(stdout)['todo']).toContain('strategy: managed')
      expect(code).toBe(3)
    }
    const verify = await world.run('verify')
    expect(verify.stdout).toMatch(/failed +owner .*\n.*strategy: managed/)
    expect(verify.code).toBe(3)
    const calls = world.secrets.log.slice(before)
    expect(calls.filter((action) => WRITES.includes(action))).toEqual([])
    expect(await world.accepts(await world.credential())).toBe(true)
  })
})

describe('an alternating target', () => {
  test('reads a managed admin secret and rotates with it', async () => {
    const world = await suite.make({ target: alternating })
    const [a, b] = ['a', 'b'].map((slot) => `${world.username}_${slot}`)
    await world.server.sql(
      `CREATE ROLE ${a} LOGIN ADMIN ${world.username} PASSWORD 'first-of-a-slot'`,
    )
    const at = { host: '127.0.0.1', port: String(world.server.port), dbname: 'app' }
    const slots = {
      active_slot: 'A',
      A: { ...at, username: a, password: 'first-of-a-slot' },
      B: { ...at, username: b, password: 'placeholder' },
    }
    await world.admin.createSecret(`${world.secret.replace('!', '-')}/slots`, JSON.stringify(slots))
    const verify = await world.run('verify')
    expect(verify.stdout).toMatch(/ok +owner +rds owns rds!.*; it is only read/)
    const { code, stdout, stderr } = await world.run('rotate', '--json')
    expect(code, stdout + stderr).toBe(0)
    expect(json(stdout)).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
    expect(world.rds.log).toEqual([])
  })
})

function alternating(world: { readonly secret: string; readonly port: number }): string[] {
  const slots = `${world.secret.replace('!', '-')}/slots`
  return [
    'strategy: alternating',
    `store: { kind: secrets-manager, secret: "${slots}" }`,
    `admin: { store: { kind: secrets-manager, secret: "${world.secret}" } }`,
    `database: { engine: postgres, endpoints: ["127.0.0.1:${world.port}"], dbname: app, tls: off }`,
    'drain: { quiet: 100ms, limit: 5s, poll: 50ms }',
  ]
}
