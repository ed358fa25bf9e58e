// Goal: each row of the failure table in docs/openemr-runbook.md that no other test shows: what is
// seen, that the application keeps its credential, and that the next run converges.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import type { RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { TaskCommand } from '../../testkit/src/fakes/ecs-task.ts'
import { readSecret, SECRET } from '../../testkit/src/conformance/kubernetes-secret.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { OpenemrWorld } from '../../testkit/src/openemr/world.ts'
import { PROGRAM } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'
import { everything, lastLine, openemrOnEcs, openemrOnEks, useMariadb } from './openemr-fixture.ts'
import type { EcsWorld } from './openemr-fixture.ts'
import { expectConverged, expectFailed, expectServed } from './openemr-kept.ts'

const on = useMariadb()

/** Only root can give a file away, and give its own capabilities up. */
const IS_ROOT = process.platform === 'linux' && process.getuid?.() === 0
if (!IS_ROOT) console.warn('no test of a file that may not be read: it needs root on Linux')

const ONE = { at: 'on-a', paceMs: 100, service: { desired: 1 } } as const

/** A rollout that is still going on when something else happens. */
const SLOW = { at: 'on-a', service: { desired: 1, times: { settleMs: 3_000 } } } as const

/** As `aws secretsmanager put-secret-value` does. */
async function put({ store }: OpenemrWorld, secret: string, value: object | string): Promise<void> {
  const SecretString = typeof value === 'string' ? value : JSON.stringify(value)
  const request = { SecretId: secret, SecretString }
  await secretsManagerAdmin(store.endpoint).call('PutSecretValue', request)
}

function current({ store }: OpenemrWorld, secret: string): Record<string, unknown> {
  const document: Record<string, unknown> = JSON.parse(store.peek(secret, 'AWSCURRENT') ?? '{}')
  return document
}

describe('S77 cuedot openemr', () => {
  test('goes on after it was killed when sqlconf.php was written', async () => {
    await using it = await openemrOnEcs(on(), SLOW)
    const { world } = it
    const first = it.start(['--log-json'])
    await first.shows('STEP_WAITING')
    expect(await readFile(world.sqlconf, 'utf8')).toContain("$login\t= 'openemr_b'")
    first.child.kill('SIGKILL')
    expect((await first.ended).code).toBe(null)
    await expectServed(world)
    await expectConverged(it)
    expect(world.slots().active_slot).toBe('B')
  })

  test('ends at once where Secrets Manager cannot be reached', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const before = await everything(it)
    const away = { AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1' }
    const ended = await it.run(['--log-json'], away)
    const said = await expectFailed(ended, it)
    expect(lastLine(ended)['code']).toBe('ERR_STORE_UNREACHABLE')
    expect(said).toContain('nothing was sent: running again is safe')
    expect(await everything(it)).toEqual(before)
    await expectConverged(it)
  })

  test('finds an admin whose secret was written over, and rotates it', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { world } = it
    await put(world, 'admin', { ...current(world, 'admin'), password: 'written over it' })
    await expectConverged(it)
    expect(current(world, 'admin')['password']).toMatch(/^[A-Za-z0-9]{30}$/)
  })

  test('T68: backs a rollout out that is not done within its limit', async () => {
    const argv = [process.execPath, '-e', 'setInterval(() => undefined, 1_000)'] as const
    const hung: TaskCommand = { argv, ready: /never/ }
    const state = { hangs: false }
    await using it = await openemrOnEcs(on(), {
      ...ONE,
      command: (worker) => (state.hangs ? hung : worker),
    })
    const web = it.ecs.service('web')
    const file = await readFile(it.world.sqlconf, 'latin1')
    state.hangs = true
    const times = { CUEDOT_ROLL_LIMIT: '2s', CUEDOT_ROLL_POLL: '500ms' }
    const running = it.run(['--log-json'], times)
    await web.until(() => web.begun.length > 2)
    state.hangs = false
    const said = await expectFailed(await running, it)
    expect(said).toMatch(/backed out: .*not done after 2000 ms: deployment \S+: 0 of 1 tasks run/)
    expect(await readFile(it.world.sqlconf, 'latin1')).toBe(file)
    await expectConverged(it)
  })

  test('keeps both passwords where the old one cannot change, and changes it later', async () => {
    await using it = await openemrOnEcs(on(), SLOW)
    const { world } = it
    const old = world.slots().A
    const first = it.start(['--log-json'])
    await first.shows('STEP_WAITING')
    // MariaDB takes UPDATE on the table of users for CREATE USER, too.
    await world.root.query("REVOKE CREATE USER, UPDATE ON *.* FROM dbadmin@'%'")
    await endSessionsOf(world, 'dbadmin')
    const ended = await first.ended
    const said = await expectFailed(ended, it)
    expect(lastLine(ended)).toMatchObject({ code: 'ERR_DB_DENIED', active_slot: 'B' })
    expect(said).toContain('Logging in now: A and B')
    expect(world.slots().A.password).toBe(old.password)
    await world.root.query("GRANT CREATE USER, UPDATE ON *.* TO dbadmin@'%' WITH GRANT OPTION")
    await expectConverged(it)
    expect(world.slots().active_slot).toBe('B')
    expect(world.slots().A.password).not.toBe(old.password)
  })

  test('touches nothing where both slots are damaged, and names the place', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { world } = it
    const whole = world.slots()
    const damaged = [
      { value: { ...whole, A: {}, B: {} }, said: '/A/username' },
      { value: JSON.stringify(whole).slice(0, 40), said: 'not JSON' },
    ]
    for (const { value, said } of damaged) {
      await put(world, 'slots', value)
      const before = await everything(it)
      expect(await expectFailed(await it.run(['--log-json']), it)).toContain(said)
      expect(await everything(it)).toEqual(before)
    }
    await put(world, 'slots', whole)
    await expectConverged(it)
  })
})

describe('S79 cuedot openemr', () => {
  test.skipIf(!IS_ROOT)('says that sqlconf.php may not be read, and how to mend it', async () => {
    await using it = await openemrOnEcs(on(), { ...ONE, service: { desired: 0 } })
    const { sqlconf } = it.world
    const folder = dirname(sqlconf)
    const wrong = [
      { path: folder, mode: 0o500 },
      { path: sqlconf, mode: 0o400 },
    ]
    for (const { path, mode } of wrong) {
      await chown(path, 1000, 101)
      await chmod(path, mode)
      const denied = await unprivileged(it, ['--log-json'])
      expect(denied.code).toBe(1)
      expect(lastLine(denied)).toMatchObject({ code: 'ERR_TARGET_UNREADABLE' })
      const said = lastLine(denied)['error']
      expect(said).toMatch(/sqlconf\.php, reason: EACCES.*Check owner and mode/)
      await chown(folder, 0, 0)
      await chmod(folder, 0o755)
    }
    expect((await it.run(['--fix-permissions', '--owner', '0:0'])).code).toBe(0)
    expect(lastLine(await unprivileged(it, ['--log-json']))).toMatchObject({ status: 'ok' })
  })

  test('S78 goes on after the password of the admin was reset', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { world } = it
    const { server } = on()
    await world.root.query(`ALTER USER dbadmin@'%' ${server.identified('reset in the console')}`)
    const ended = await it.run(['--log-json'])
    await expectFailed(ended, it)
    expect(lastLine(ended)).toMatchObject({ code: 'ADMIN_LOST', outcome: 'refused' })
    const { host, port } = current(world, 'admin')
    const password = 'reset in the console'
    await put(world, 'admin', { username: 'dbadmin', password, host, port })
    expect((await it.run(['--sync-db-users'])).code).toBe(0)
    await expectConverged(it)
  })

  test('says which privileges the standby user lacks', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { root } = it.world
    await root.query("REVOKE ALL PRIVILEGES ON openemr.* FROM openemr_b@'%'")
    await root.query("GRANT SELECT ON openemr.* TO openemr_b@'%'")
    const before = await everything(it)
    const said = await expectFailed(await it.run(['--log-json']), it)
    expect(said).toContain('Lacking: ALL PRIVILEGES on database "openemr"')
    expect(said).toContain('Grant what is listed')
    expect(await everything(it)).toEqual(before)
    await root.query("GRANT ALL PRIVILEGES ON openemr.* TO openemr_b@'%'")
    await expectConverged(it)
  })

  test('makes the standby user again that somebody has dropped', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    await it.world.root.query("DROP USER openemr_b@'%'")
    await expectConverged(it)
    expect(it.world.slots().active_slot).toBe('B')
  })
})

describe('S77 cuedot openemr on EKS', () => {
  let cluster: FakeCluster
  beforeAll(async () => {
    cluster = await startFakeCluster()
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('backs out where the Secret does not take the change', async () => {
    const { server, tls } = on()
    await using it = await openemrOnEks(server, { tls, cluster }, { at: 'on-a' })
    const { world, kubernetes } = it
    const place = { resource: 'secrets', namespace: kubernetes.namespace, name: SECRET } as const
    const file = await readFile(world.sqlconf, 'latin1')
    const before = await readSecret(kubernetes)
    kubernetes.edit(place, { immutable: true })
    const ended = await it.run(['--log-json'])
    const said = await expectFailed(ended, it)
    expect(lastLine(ended)).toMatchObject({ code: 'ERR_TARGET_UNWRITABLE', outcome: 'backed-out' })
    expect(said).toContain(`Secret ${kubernetes.namespace}/${SECRET}`)
    expect(await readFile(world.sqlconf, 'latin1')).toBe(file)
    expect((await readSecret(kubernetes))['data']).toEqual(before['data'])
    kubernetes.edit(place, { immutable: null })
    await expectConverged(it)
  })
})

async function endSessionsOf({ root }: OpenemrWorld, user: string): Promise<void> {
  const [rows] = await root.query<RowDataPacket[]>(
    'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ?',
    [user],
  )
  expect(rows.length).toBeGreaterThan(0)
  for (const { id } of rows) await root.query(`KILL CONNECTION ${Number(id)}`)
}

/** Runs it as root without the capabilities by which root passes over owners and modes. */
async function unprivileged({ env, world }: EcsWorld, args: readonly string[]): Promise<CliResult> {
  const caps = '--bounding-set=-dac_override,-dac_read_search,-fowner,-chown'
  const child = spawn('setpriv', [caps, process.execPath, PROGRAM, 'openemr', ...args], {
    ...{ cwd: world.sites, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { PATH: process.env['PATH'], ...env },
  })
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await closed
  return { code: child.exitCode, stdout, stderr }
}
