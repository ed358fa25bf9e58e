// Goal: what the environment names and is not there, or not what it should be: it is named with
// what to do, the application keeps its credential, and the next run converges.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { renameSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { runningTasks } from '../../testkit/src/fakes/ecs-deployment.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import { everything, lastLine, openemrOnEcs, openemrOnEks, useMariadb } from './openemr-fixture.ts'
import { expectConverged, expectFailed, expectServed } from './openemr-kept.ts'
import { noMounts, readOnly } from './read-only-mount.ts'

const on = useMariadb()

const ONE = { at: 'on-a', paceMs: 100, service: { desired: 1 } } as const

const NO_MOUNTS = noMounts()
if (NO_MOUNTS !== undefined) console.warn(`no test of a read-only mount: ${NO_MOUNTS}`)

let cluster: FakeCluster
beforeAll(async () => {
  cluster = await startFakeCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('cuedot openemr where something is not there', () => {
  test('names the secret that does not exist, and changes nothing', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const before = await everything(it)
    for (const name of ['RDS_SLOT_SECRET_ID', 'RDS_ADMIN_SECRET_ID']) {
      const ended = await it.run(['--log-json'], { [name]: `no-${name}` })
      expect(await expectFailed(ended, it)).toContain(`secret: no-${name}`)
      expect(lastLine(ended)['code']).toBe('ERR_STORE_NOT_FOUND')
    }
    expect(await everything(it)).toEqual(before)
    await expectConverged(it)
  })

  test('names the admin secret that is no JSON, and changes nothing', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { store } = it.world
    const put = secretsManagerAdmin(store.endpoint)
    const whole = store.peek('admin', 'AWSCURRENT')
    await put.call('PutSecretValue', { SecretId: 'admin', SecretString: 'username=dbadmin' })
    const before = await everything(it)
    const ended = await it.run(['--log-json'])
    expect(await expectFailed(ended, it)).toMatch(/secret: admin.*not JSON.*Put the previous/)
    expect(lastLine(ended)['code']).toBe('ERR_DOCUMENT_NOT_JSON')
    expect(await everything(it)).toEqual(before)
    await put.call('PutSecretValue', { SecretId: 'admin', SecretString: whole })
    await expectConverged(it)
  })

  test('names the cluster or the service of ECS that does not exist, and turns back', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { sqlconf } = it.world
    const file = await readFile(sqlconf, 'latin1')
    const wrong = [
      { env: { OPENEMR_ECS_CLUSTER: 'nowhere' }, said: 'nowhere/web, problem: ClusterNotFound' },
      { env: { OPENEMR_ECS_SERVICE: 'nobody' }, said: 'openemr/nobody, problem: MISSING' },
    ]
    for (const { env, said } of wrong) {
      const ended = await it.run(['--log-json'], env)
      expect(await expectFailed(ended, it)).toContain(`service: ${said}`)
      expect(lastLine(ended)).toMatchObject({ code: 'ERR_ECS_UNKNOWN', active_slot: 'A' })
      expect(await readFile(sqlconf, 'latin1')).toBe(file)
    }
    expect(it.ecs.service('web').begun).toHaveLength(1)
    await expectConverged(it)
  })

  test.each([
    { what: 'Secret', name: 'K8S_SECRET_NAME', code: 'ERR_TARGET_MISSING' },
    { what: 'Deployment', name: 'K8S_DEPLOYMENT_NAME', code: 'ERR_RUNTIME_MISSING' },
  ])('names the $what that does not exist, and turns back', async ({ what, name, code }) => {
    const { server, tls } = on()
    await using it = await openemrOnEks(server, { tls, cluster }, { at: 'on-a' })
    const { world, kubernetes } = it
    const rules = [{ apiGroups: ['', 'apps'], resources: ['*'], verbs: ['*'] }]
    const KUBECONFIG = await kubernetes.userWith(rules)
    const file = await readFile(world.sqlconf, 'latin1')
    const ended = await it.run(['--log-json'], { [name]: 'none', KUBECONFIG })
    expect(await expectFailed(ended, it)).toContain(`${what} ${kubernetes.namespace}/none`)
    expect(lastLine(ended)['code']).toBe(code)
    expect(await readFile(world.sqlconf, 'latin1')).toBe(file)
    await expectConverged(it)
  })

  test('says that nobody listens at the address of the database, and changes nothing', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { store } = it.world
    const put = secretsManagerAdmin(store.endpoint)
    const whole = store.peek('admin', 'AWSCURRENT') ?? '{}'
    const away: object = { ...JSON.parse(whole), host: 'db.invalid' }
    await put.call('PutSecretValue', { SecretId: 'admin', SecretString: JSON.stringify(away) })
    const before = await everything(it)
    expect(await expectFailed(await it.run(['--log-json']), it)).toMatch(
      /ERR_DB_UNREACHABLE; endpoint: db\.invalid:\d+.*Do not reset any password/,
    )
    expect(await everything(it)).toEqual(before)
    await put.call('PutSecretValue', { SecretId: 'admin', SecretString: whole })
    await expectConverged(it)
  })
})

describe('cuedot openemr and a sqlconf.php that it cannot change', () => {
  test.skipIf(NO_MOUNTS !== undefined)('backs out on a read-only mount, and says so', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { sites, sqlconf } = it.world
    const file = await readFile(sqlconf, 'latin1')
    const mount = await readOnly(sites)
    try {
      const ended = await it.run(['--log-json'])
      const said = await expectFailed(ended, it)
      expect(lastLine(ended)).toMatchObject({
        ...{ code: 'ERR_TARGET_UNWRITABLE', outcome: 'backed-out', active_slot: 'A' },
      })
      expect(said).toMatch(/sqlconf\.php, reason: EROFS.*whether the file system is read-only/)
      const repair = await it.run(['--fix-permissions'])
      expect(repair).toMatchObject({ code: 1, stderr: expect.stringContaining('EROFS') })
    } finally {
      await mount[Symbol.asyncDispose]()
    }
    expect(await readFile(sqlconf, 'latin1')).toBe(file)
    await expectConverged(it)
  })

  test('stops where the file goes before the flip, and goes on when it is back', async () => {
    await using it = await openemrOnEcs(on(), ONE)
    const { store, sqlconf } = it.world
    const struck = (): void => renameSync(sqlconf, `${sqlconf}.gone`)
    store.fail({ kind: 'throttle', action: 'UpdateSecretVersionStage', struck })
    const ended = await it.run(['--log-json'])
    expect(ended.code).toBe(1)
    expect(lastLine(ended)).toMatchObject({ code: 'ERR_TARGET_MISSING' })
    expect(lastLine(ended)['error']).toMatch(/sqlconf\.php.*whether the volume is mounted/)
    const again = await it.run(['--log-json'])
    expect(lastLine(again)['error']).toContain('sqlconf.php not found at discovered path')
    await rename(`${sqlconf}.gone`, sqlconf)
    await expectServed(it.world)
    await expectConverged(it)
  })

  test('stops where the file goes in a rollout, and takes an older one put back', async () => {
    const times = { settleMs: 3_000 }
    await using it = await openemrOnEcs(on(), { at: 'on-a', service: { desired: 1, times } })
    const { sqlconf } = it.world
    const older = await readFile(sqlconf)
    const run = it.start(['--log-json'])
    await run.shows('STEP_WAITING')
    // The new task has read the file: without it none would ever start.
    const web = it.ecs.service('web')
    await web.until(() => web.begun.length > 1 && runningTasks(web.primary).length > 0)
    await rename(sqlconf, `${sqlconf}.gone`)
    const ended = await run.ended
    expect(ended.code).toBe(1)
    expect(lastLine(ended)).toMatchObject({ code: 'ERR_TARGET_MISSING', outcome: 'stopped' })
    await writeFile(sqlconf, older, { mode: 0o644 })
    await expectServed(it.world)
    await expectConverged(it)
  })
})
