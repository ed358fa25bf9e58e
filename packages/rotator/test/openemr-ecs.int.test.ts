import { chmod, readFile, rm, stat } from 'node:fs/promises'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mariadbForOpenemr } from '../../testkit/src/openemr/server.ts'
import type { OpenemrServer } from '../../testkit/src/openemr/server.ts'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { TaskCommand } from '../../testkit/src/fakes/ecs-task.ts'
import { makeTestTls } from '../../testkit/src/servers/tls.ts'
import type { TestTls } from '../../testkit/src/servers/tls.ts'
import type { CliResult } from './cli-process.ts'
import { lastLine, openemrOnEcs } from './openemr-fixture.ts'
import type { EcsWorld } from './openemr-fixture.ts'

let tls: TestTls
let server: OpenemrServer

beforeAll(async () => {
  tls = await makeTestTls()
  server = await mariadbForOpenemr(tls)
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await tls[Symbol.asyncDispose]()
})

/** Everything that a run could have changed. */
async function everything({ world, ecs }: EcsWorld): Promise<object> {
  const label = (name: string): readonly (string | undefined)[] =>
    ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'].map((one) => world.store.peek(name, one))
  return {
    accounts: await world.accounts(),
    secrets: [label('slots'), label('admin')],
    file: await readFile(world.sqlconf, 'latin1'),
    deployments: ecs.service('web').begun.length,
  }
}

/** No password that was ever stored is in what a run has said. */
function expectSilent(ended: CliResult, passwords: readonly string[]): void {
  expect(passwords.length).toBeGreaterThan(1)
  for (const password of passwords)
    expect(`${ended.stdout}${ended.stderr}`.includes(password)).toBe(false)
}

function passwordsOf({ world }: EcsWorld): readonly string[] {
  const { A, B } = world.slots()
  const admin: { password: string } = JSON.parse(world.store.peek('admin', 'AWSCURRENT') ?? '{}')
  return [A.password, B.password, admin.password]
}

describe('cuedot openemr on ECS', () => {
  test('moves the application from A to B and on to A, with one rollout each', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world, ecs } = it
    const [before, known] = [world.slots(), passwordsOf(it)]
    const ended = await it.run(['--log-json'])
    expect(ended.stderr).toBe('')
    expect(lastLine(ended)).toMatchObject({
      ...{ status: 'ok', dry_run: false, outcome: 'rotated' },
      ...{ active_slot: 'B', admin: 'rotated' },
    })
    expect(ended.code).toBe(0)
    expectSilent(ended, [...known, ...passwordsOf(it)])
    const after = world.slots()
    expect(after.active_slot).toBe('B')
    expect(after['note']).toBe('of the operator')
    expect(passwordsOf(it).filter((password) => known.includes(password))).toEqual([])
    expect(after.A.host).toBe(before.A.host)
    expect(await readFile(world.sqlconf, 'utf8')).toContain(`$pass\t= '${after.B.password}'`)
    expect((await stat(world.sqlconf)).mode & 0o777).toBe(0o644)
    const updates = ecs.calls.filter(({ action }) => action === 'UpdateService')
    expect(updates.map(({ body }) => body)).toEqual([
      { cluster: 'openemr', service: 'web', forceNewDeployment: true },
    ])
    const again = await it.run([])
    expect(again.stdout).toBe('Rotation completed successfully (dry_run=False)\n')
    expect(world.slots().active_slot).toBe('A')
    const { served, failed } = await world.report()
    expect(failed).toEqual([])
    expect(served).toBeGreaterThan(20)
    const log = await server.log()
    for (const password of [...known, ...passwordsOf(it)])
      expect(log.includes(password)).toBe(false)
  })

  test('R2 a dry run changes nothing and tells each step', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const before = await everything(it)
    const ended = await it.run(['--dry-run', '--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'ok', dry_run: true })
    expect(lastLine(ended)['plan']).toEqual([
      ...['open B', 'set B', 'flip B', 'publish B at sqlconf', 'roll B at service'],
      ...['drain A', 'stage A', 'retire A', 'close A'],
      ...['admin: open', 'admin: set', 'admin: flip'],
    ])
    expect(ended.code).toBe(0)
    expect(await everything(it)).toEqual(before)
    const text = await it.run(['--dry'])
    expect(text.stdout).toBe('Rotation completed successfully (dry_run=True)\n')
  })

  test('R3 a dry run of the sync changes nothing', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const before = await everything(it)
    const ended = await it.run(['--dry-run', '--sync-db-users', '--log-json'])
    expect(lastLine(ended)).toMatchObject({
      ...{ status: 'ok', action: 'sync_db_users', dry_run: true, plan: [] },
    })
    expect(await everything(it)).toEqual(before)
  })

  test('syncs a standby user whose password nobody knows', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world } = it
    await world.root.query(`ALTER USER openemr_b@'%' ${server.identified('of somebody')}`)
    const file = await readFile(world.sqlconf, 'latin1')
    const ended = await it.run(['--sync-db-users'])
    expect(ended).toMatchObject({
      ...{ code: 0, stdout: 'Database users synced to match slot secrets.\n' },
    })
    const { B } = world.slots()
    await using login = await loggedIn(B)
    await login.ping()
    expect(await readFile(world.sqlconf, 'latin1')).toBe(file)
    expect((await world.report()).failed).toEqual([])
  })

  test('leaves an admin alone as whom somebody works, and says so', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world } = it
    const admin = world.store.peek('admin', 'AWSCURRENT')
    await using busy = await loggedIn(JSON.parse(admin ?? '{}'))
    const ended = await it.run(['--log-json'])
    await busy.ping()
    expect(ended.code).toBe(0)
    expect(lastLine(ended)).toMatchObject({ status: 'ok', admin: 'in use, left alone' })
    expect(ended.stdout).toContain('WARNING: the admin user keeps its password')
    expect(world.store.peek('admin', 'AWSCURRENT')).toBe(admin)
  })

  test('R14 a rollout that the circuit breaker gives up is backed out to the first bytes', async () => {
    const argv = [process.execPath, '-e', 'process.exit(1)'] as const
    const gone: TaskCommand = { argv, ready: /never/ }
    const state = { broken: false }
    await using it = await openemrOnEcs(server, tls, {
      at: 'on-a',
      service: { breaker: 'new' },
      command: (worker) => (state.broken ? gone : worker),
    })
    const { world } = it
    const file = await readFile(world.sqlconf, 'latin1')
    state.broken = true
    const failing = it.start(['--log-json'])
    await failing.shows('STEP_WAITING')
    const web = it.ecs.service('web')
    await web.until(() => web.begun.length > 2)
    state.broken = false
    const ended = await failing.ended
    expect(lastLine(ended)).toMatchObject({ status: 'error', outcome: 'backed-out' })
    expect(ended.code).toBe(1)
    expect(await readFile(world.sqlconf, 'latin1')).toBe(file)
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok' })
    expect((await world.report()).failed).toEqual([])
  })

  test('names the action that is not granted, with the application where it was', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world, ecs } = it
    const file = await readFile(world.sqlconf, 'latin1')
    ecs.fail({ kind: 'denied', action: 'UpdateService', calls: 100 })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)['error']).toMatch(/ecs:UpdateService/)
    expect(ended.code).toBe(1)
    expect((await world.report()).failed).toEqual([])
    ecs.heal()
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok' })
    expect(file).not.toBe(await readFile(world.sqlconf, 'latin1'))
    expect((await world.report()).failed).toEqual([])
  })

  test('without sqlconf.php asks nobody for anything', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world } = it
    await rm(world.sqlconf)
    const ended = await it.run(['--log-json'])
    const error = `OpenEMR sqlconf.php not found at discovered path: ${world.sqlconf}`
    expect(ended.stdout).toBe(`{"status": "error", "error": "${error}"}\n`)
    expect(ended.code).toBe(1)
    expect(world.store.log.filter((action) => action !== 'CreateSecret')).toEqual([])
    const text = await it.run([])
    expect(text).toMatchObject({ code: 1, stdout: '', stderr: `Rotation failed: ${error}\n` })
  })

  test('R16 refuses a server whose certificate nobody vouches for', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const ended = await it.run(['--log-json'], { CUEDOT_TLS_CA: '' })
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_DB_TLS' })
    expect(ended.code).toBe(1)
  })

  test('repairs permissions without AWS, a database or any other variable', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world } = it
    await chmod(world.sqlconf, 0o400)
    const only = { AWS_REGION: '', RDS_SLOT_SECRET_ID: '', AWS_ENDPOINT_URL_SECRETS_MANAGER: '' }
    expect(await it.run(['--fix-permissions', '--log-json'], only)).toMatchObject({
      ...{ code: 0, stdout: '', stderr: '' },
    })
    expect((await stat(world.sqlconf)).mode & 0o777).toBe(0o644)
    expect((await it.run(['--fix-permissions', '--mode', '0440'], only)).code).toBe(0)
    expect((await stat(world.sqlconf)).mode & 0o777).toBe(0o440)
    expect((await it.run(['--fix-permissions', '--mode', 'rw'], only)).code).toBe(2)
    await rm(world.sqlconf)
    expect(await it.run(['--fix-permissions'], only)).toMatchObject({
      ...{ code: 1, stderr: `sqlconf.php not found at ${world.sqlconf}\n` },
    })
  })

  test('a flag that is none is a matter of usage', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const ended = await it.run(['--target', 'both'])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('Usage: cuedot openemr')
    expect((await it.run(['--help'])).code).toBe(0)
  })

  test('R7 heals a secret that is older than the password in use', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world } = it
    const stale = { ...world.slots(), A: { ...world.slots().A, password: 'of an older backup' } }
    const admin = secretsManagerAdmin(world.store.endpoint)
    await admin.call('PutSecretValue', { SecretId: 'slots', SecretString: JSON.stringify(stale) })
    const file = await readFile(world.sqlconf, 'utf8')
    expect((await it.run(['--sync-db-users'])).code).toBe(0)
    expect(await readFile(world.sqlconf, 'utf8')).toBe(file)
    expect(file).toContain(world.slots().A.password)
    expect((await world.report()).failed).toEqual([])
  })

  test('R17 a database that is down is never a reason to reset a password', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world } = it
    const admin: object = JSON.parse(world.store.peek('admin', 'AWSCURRENT') ?? '{}')
    const away = JSON.stringify({ ...admin, port: 1 })
    const store = secretsManagerAdmin(world.store.endpoint)
    await store.call('PutSecretValue', { SecretId: 'admin', SecretString: away })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_DB_UNREACHABLE' })
    expect(lastLine(ended)['error']).toContain('Do not reset any password for this.')
  })

  test('R20 an empty slot is refused by its name', async () => {
    await using it = await openemrOnEcs(server, tls, { at: 'on-a' })
    const { world } = it
    const store = secretsManagerAdmin(world.store.endpoint)
    const empty = JSON.stringify({ ...world.slots(), B: {} })
    await store.call('PutSecretValue', { SecretId: 'slots', SecretString: empty })
    const before = await everything(it)
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_DOCUMENT_SHAPE' })
    expect(lastLine(ended)['error']).toContain('/B/username')
    expect(await everything(it)).toEqual(before)
  })
})

/** A session that stays open. */
async function loggedIn(login: {
  readonly username: string
  readonly password: string
}): Promise<AsyncDisposable & { ping(): Promise<void> }> {
  const { username: user, password } = login
  const at = { host: 'localhost', port: server.port, ssl: { ca: tls.ca } }
  const session = await createConnection({ ...at, user, password })
  return { ping: () => session.ping(), [Symbol.asyncDispose]: () => session.end() }
}
