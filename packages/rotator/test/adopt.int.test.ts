import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres } from '../../testkit/src/servers/postgres.ts'
import type { TestPostgres } from '../../testkit/src/servers/postgres.ts'
import { makeAdoptWorld, RunningApplication } from './adopt-fixture.ts'
import type { AdoptWorld } from './adopt-fixture.ts'
import { json } from './cli-fixture.ts'

describe('adopting what runs today', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  const slots = (world: AdoptWorld): object => ({
    active_slot: 'A',
    A: { username: world.user, password: world.password },
    B: { username: `${world.user}_b`, password: 'placeholder' },
    last: { outcome: 'adopted' },
    team: 'billing',
  })

  test('I1 an application that never pauses notices neither adoption nor rotation', async () => {
    await using world = await makeAdoptWorld(server)
    const pooled = new RunningApplication(world)
    const fresh = new RunningApplication(world)
    await pooled.startPooled()
    fresh.startFresh()
    const adopted = await world.run('adopt', 'app')
    expect([adopted.code, adopted.stderr]).toEqual([0, expect.stringContaining('adopt begins')])
    expect(adopted.stdout).toMatch(
      /^What happened: The running user was adopted\. No password was changed\.\nState now: /,
    )
    const [before, wanted] = [fresh.requests, fresh.requests + 5]
    await expect.poll(() => fresh.requests, { timeout: 10_000 }).toBeGreaterThan(wanted)
    await pooled.stop()
    expect(await world.document()).toMatchObject(slots(world))
    expect((await world.document())['username']).toBeUndefined()
    const again = await world.run('adopt', '--json')
    const left = json(again.stdout)
    expect(['settled', 'adopted']).toContain(left['outcome'])
    const rotated = await world.run('rotate', '--json')
    expect([rotated.code, json(rotated.stdout)]).toMatchObject([0, { outcome: 'rotated' }])
    expect((await world.login()).user).toBe(`${world.user}_b`)
    const client = await world.connect()
    await client.query(`ALTER TABLE ${world.user}_data.visit ADD COLUMN by_b int`)
    // Made by the first user; nobody works with it any more.
    await client.query(`DROP TABLE ${world.user}_data.pooled`)
    await client.end()
    await fresh.stop()
    expect([...pooled.failures, ...fresh.failures]).toEqual([])
    expect(before).toBeGreaterThan(0)
    const back = await world.run('rotate', '--json')
    expect([back.code, (await world.login()).user]).toEqual([0, world.user])
    expect(world.said()).not.toContain(world.password)
    expect(await server.log()).not.toContain(world.password)
  }, 60_000)

  test('a dry run lists each change in order and makes none; it is what then runs', async () => {
    await using world = await makeAdoptWorld(server, (flat) => ({ ...flat, url: url(flat) }))
    const before = await world.document()
    expect((await world.run('rotate')).stdout).toContain('whose user `cuedot adopt` takes over')
    const { code, stdout } = await world.run('adopt', '--dry-run')
    expect(code).toBe(0)
    const owner = `${world.user}_owner`
    const secret = 'app.cuedot'
    const expected = [
      '   1  Make the owner role and give it what the running user has',
      `        - role "${owner}" is made, NOLOGIN`,
      `        - role "${world.user}" becomes a member of role "${owner}"`,
      '   2  Give the owner role what the running user owns',
      `        - role "${owner}" owns 1 × schema in database "app": ${world.user}_data`,
      `        - role "${owner}" owns 2 × table in database "app": ${world.user}_data.parent, ` +
        `${world.user}_data.visit`,
      `        - role "${owner}" owns 1 × view in database "app": ${world.user}_data.seen`,
      '   3  Let the running user work as the owner role',
      '   4  Stage the slot document',
      `        - secret ${secret} gets a version: slot A is user ${world.user} with ` +
        `the password it has, slot B is user ${world.user}_b with a stand-in`,
      '        - keys that hold the password do not survive: url',
      '   5  Make the slot document the current version',
      `Note: whoever reads secret ${secret} as a flat document`,
      'Note: in sessions of user',
      'Now: The secret is what it was.',
    ]
    let from = 0
    for (const line of expected) {
      const found = stdout.indexOf(line, from)
      expect([line, found >= from, stdout]).toEqual([line, true, stdout])
      from = found
    }
    expect(await world.document()).toEqual(before)
    const planned = json((await world.run('adopt', '--dry-run', '--json')).stdout)
    expect(planned).toMatchObject({ target: 'app', end: { kind: 'settled' } })
    const ran = json((await world.run('adopt', '--json')).stdout)
    const steps = (from_: unknown): unknown[] =>
      Array.isArray(from_) ? from_.map((one: { step?: unknown }) => one.step) : []
    expect(steps(ran['actions'])).toEqual(steps(planned['steps']))
    const document = await world.document()
    expect(document).toMatchObject(slots(world))
    expect(Object.keys(document)).not.toContain('url')
    const after = await world.run('adopt', '--dry-run')
    expect(after.stdout).toContain('  nothing\nNow: The active slot is user')
    expect(world.said()).not.toContain(world.password)
  }, 40_000)

  test('I1 I5 killed after any event all goes on, and it ends when run again', async () => {
    await using world = await makeAdoptWorld(server)
    const application = new RunningApplication(world)
    application.startFresh()
    let killed = 0
    for (let events = 1; events <= 13; events += 3) {
      const { child, ended } = world.start('adopt', '--log-json')
      let lines = 0
      child.stdout?.on('data', (chunk: Buffer) => {
        lines += chunk.toString('utf8').split('\n').length - 1
        if (lines >= events && child.exitCode === null) child.kill('SIGKILL')
      })
      const { code } = await ended
      if (code !== null) continue
      killed += 1
      const client = await world.connect()
      await client.query(`SELECT * FROM ${world.user}_data.seen`)
      await client.end()
    }
    expect(killed).toBeGreaterThan(1)
    const { code, stdout } = await world.run('adopt', '--json')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/"(settled|adopted)"/)])
    await application.stop()
    expect(application.failures).toEqual([])
    expect(await world.document()).toMatchObject(slots(world))
    expect((await world.run('rotate')).code).toBe(0)
  }, 120_000)

  test.for(['stand-in', 'slots-stand-in'] as const)(
    'the running credential is found in the config target where the secret has a %s',
    async (first) => {
      await using world = await makeAdoptWorld(server, first)
      expect((await world.run('adopt')).code).toBe(0)
      expect(await world.document()).toMatchObject(slots(world))
      expect((await world.run('rotate')).code).toBe(0)
    },
  )

  test('names of the second user and of the owner role can be chosen', async () => {
    await using world = await makeAdoptWorld(server)
    const [standby, owner] = [`second ${world.user}`, `Owner of ${world.user}`]
    const options = ['--standby', standby, '--owner', owner]
    expect((await world.run('adopt', ...options)).code).toBe(0)
    expect(await world.document()).toMatchObject({ B: { username: standby } })
    expect((await world.run('rotate')).code).toBe(0)
    const client = await world.connect()
    const { rows } = await client.query('SELECT current_user AS acts, session_user AS is')
    await client.end()
    expect(rows).toEqual([{ acts: owner, is: standby }])
  }, 30_000)

  const refusals: readonly (readonly [
    what: string,
    code: string,
    arrange: (world: AdoptWorld) => Promise<unknown>,
  ])[] = [
    ['a password that does not log in', 'ADOPT_DENIED', (w) => w.writeEnv(w.user, 'something')],
    [
      'a secret and a config target with two users that both log in',
      'ADOPT_CONTRADICTION',
      async (w) => {
        await server.sql(`CREATE ROLE ${w.user}_x LOGIN PASSWORD 'otherone'`)
        await w.writeEnv(`${w.user}_x`, 'otherone')
      },
    ],
    [
      'a second user that is there already',
      'ADOPT_STANDBY',
      (w) => server.sql(`CREATE ROLE ${w.user}_b LOGIN`),
    ],
    ['a superuser', 'ADOPT_OWNERSHIP', (w) => server.sql(`ALTER ROLE ${w.user} SUPERUSER`)],
    [
      'the admin as the running user',
      'ADOPT_ADMIN',
      (w) => w.writeEnv(server.admin.username, server.admin.password.reveal()),
    ],
  ]

  test.for(refusals)(
    '%s is refused as %s before anything is changed',
    async ([, code, arrange]) => {
      const asFlat = code === 'ADOPT_ADMIN' || code === 'ADOPT_DENIED' ? 'stand-in' : 'flat'
      await using world = await makeAdoptWorld(server, asFlat)
      await arrange(world)
      const before = await world.document()
      const planned = await world.run('adopt', '--dry-run', '--json')
      expect([planned.code, json(planned.stdout)]).toMatchObject([3, { steps: [], end: { code } }])
      const { code: exit, stdout } = await world.run('adopt')
      expect([exit, stdout]).toEqual([3, expect.stringContaining(code)])
      expect(stdout).toMatch(/\nWhat to do: {4}\S/)
      expect(await world.document()).toEqual(before)
      const client = await server.connect(server.superuser)
      const { rows } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [
        `${world.user}_owner`,
      ])
      await client.end()
      expect(rows).toEqual([])
    },
  )

  test('a target of one user has nothing to adopt, which is a mistake of usage', async () => {
    await using world = await makeAdoptWorld(server)
    const file = join(world.dir, 'cuedot.yaml')
    const yaml = await readFile(file, 'utf8')
    const store = '{ kind: file, path: secrets/admin.cuedot, key_file: keys/key }'
    const database = `{ engine: postgres, endpoints: ["${server.host}:${server.port}"], tls: off }`
    const alone = `  alone: { strategy: single-user, store: ${store}, database: ${database} }\n`
    await writeFile(file, yaml + alone)
    const { code, stderr } = await world.run('adopt', 'alone')
    expect([code, stderr]).toEqual([2, expect.stringContaining('for alternating targets')])
    const unknown = await world.run('adopt', 'nothing')
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no target')])
  })
})

/** What some applications keep beside the parts of a credential. */
function url(flat: object): string {
  const { username = '', password = '' }: { username?: string; password?: string } = flat
  return `postgres://${username}:${password}@db/app`
}
