// Goal: what would stop a rotation is found before one is started, and finding it changes nothing.
// Method: a thing that a rotation needs is taken away, one at a time, from worlds with a real
// MariaDB; the command line must name it, and everything must be as it was.
import { chmod, chown, readFile, rm, stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openemrRules } from '../../testkit/src/conformance/kubernetes-deployment.ts'
import { SECRET, readSecret } from '../../testkit/src/conformance/kubernetes-secret.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import { PROGRAM } from './cli-process.ts'
import { everything, lastLine, openemrOnEcs, openemrOnEks, useMariadb } from './openemr-fixture.ts'
import { operatorOnEks } from './openemr-operator-eks-fixture.ts'
import { operatorOnEcs } from './openemr-operator-fixture.ts'
import { asUser, IMAGE_USER, userProblem } from './openemr-operator-user.ts'

const on = useMariadb()

const NO_USER = await userProblem()
if (NO_USER !== undefined) console.warn(`not tried as the user of the image: ${NO_USER}`)

describe('cuedot openemr verify with the environment of the task', () => {
  test.for(['on-a', 'fresh'] as const)('finds a world that is %s ready', async (at) => {
    await using it = await openemrOnEcs(on(), { at })
    const before = await everything(it)
    const ended = await it.run(['verify', '--log-json'])
    expect(lastLine(ended), ended.stdout).toEqual({ status: 'ok', action: 'verify' })
    expect(ended.code).toBe(0)
    expect(await everything(it)).toEqual(before)
    const checks = ended.stdout
      .split('\n')
      .flatMap((line) => /"check":"([^"]+)"/.exec(line)?.[1] ?? [])
    expect(checks).toEqual(
      expect.arrayContaining([
        ...['environment', 'sqlconf', 'slots: store', 'slots: admin', 'slots: publish sqlconf'],
        ...['slots: roll service', 'slots: sessions', 'admin: store', 'admin: admin'],
      ]),
    )
    expect((await it.run(['verify'])).stdout).toMatch(/^OpenEMR: ready\n {2}ok {6}environment /)
  })

  test('names the variables that are missing, and a file that is not there', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const missing = await it.run(['verify', '--log-json'], { RDS_ADMIN_SECRET_ID: '' })
    expect(lastLine(missing)['error']).toContain('RDS_ADMIN_SECRET_ID')
    await rm(it.world.sqlconf)
    const ended = await it.run(['verify', '--log-json'])
    expect(lastLine(ended)['error']).toContain(it.world.sqlconf)
    expect([missing.code, ended.code]).toEqual([1, 1])
  })

  test('names a secret, a service and a password that are not right', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const noSecret = await it.run(['verify', '--log-json'], { RDS_ADMIN_SECRET_ID: 'none' })
    expect(lastLine(noSecret)).toMatchObject({ status: 'error', code: 'ERR_STORE_NOT_FOUND' })
    const noService = await it.run(['verify', '--log-json'], { OPENEMR_ECS_SERVICE: 'gone' })
    expect(lastLine(noService)['error']).toMatch(/slots: roll service: .*openemr\/gone/)
    await it.world.root.query("SET PASSWORD FOR 'dbadmin'@'%' = PASSWORD('of somebody else')")
    const noAdmin = await it.run(['verify', '--log-json'])
    expect(lastLine(noAdmin)['error']).toContain('slots: admin:')
    expect([noSecret.code, noService.code, noAdmin.code]).toEqual([1, 1, 1])
  })

  test('what is for a task or a Job is a matter of usage here', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    expect((await it.run(['verify', '--cluster', 'openemr'])).code).toBe(2)
    expect((await it.run(['verify', '--namespace', 'openemr'])).code).toBe(2)
  })

  test.skipIf(NO_USER !== undefined)(
    '1000:101 is enough, and a file of another user is named beforehand',
    async () => {
      await using it = await openemrOnEcs(on(), { at: 'on-a' })
      const { sqlconf, sites } = it.world
      const { uid, gid } = IMAGE_USER
      for (const path of [sites, `${sites}/default`, sqlconf]) await chown(path, uid, gid)
      await chmod(`${sites}/..`, 0o755)
      const env = { ...it.env, HOME: sites }
      const command = [process.execPath, PROGRAM, 'openemr', 'verify', '--log-json'] as const
      const ours = await asUser({ uid, gid }, command, env)
      expect(lastLine(ours), ours.stdout).toMatchObject({ status: 'ok' })
      // What the image runs as, with nothing but the volume to write to.
      const rotate = [process.execPath, PROGRAM, 'openemr', '--log-json'] as const
      const nowhere = { ...env, HOME: '/nonexistent', TMPDIR: '/nonexistent' }
      const rotated = await asUser({ uid, gid }, rotate, nowhere)
      expect(lastLine(rotated)).toMatchObject({ status: 'ok', active_slot: 'B' })
      expect(await stat(sqlconf)).toMatchObject({ uid, gid })
      await chown(sqlconf, 0, 0)
      const theirs = await asUser({ uid, gid }, command, env)
      expect(lastLine(theirs)['error']).toMatch(/belongs to 0:0, and user 1000/)
      await chown(sites, 0, 0)
      await chown(`${sites}/default`, 0, 0)
      const folder = await asUser({ uid, gid }, command, env)
      expect(lastLine(folder)['error']).toContain('its folder is not writable')
    },
  )
})

describe('cuedot openemr verify on EKS', () => {
  let cluster: FakeCluster

  beforeAll(async () => {
    cluster = await startFakeCluster()
  })

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
  })

  test('S79 proves that Secret and Deployment may be patched, and patches neither', async () => {
    await using it = await openemrOnEks(on().server, { tls: on().tls, cluster }, { at: 'on-a' })
    const { kubernetes, world } = it
    const before = [await readSecret(kubernetes), await readFile(world.sqlconf, 'latin1')]
    const ended = await it.run(['verify', '--log-json'])
    expect(lastLine(ended), ended.stdout).toEqual({ status: 'ok', action: 'verify' })
    expect(ended.stdout).toContain('has the keys and may be patched')
    expect(await readSecret(kubernetes)).toEqual(before[0])
    expect(await readFile(world.sqlconf, 'latin1')).toBe(before[1])
    for (const resource of ['secrets', 'deployments'] as const) {
      const rules = openemrRules().map((rule) =>
        rule.resources.includes(resource) ? { ...rule, verbs: ['get'] } : rule,
      )
      const env = { KUBECONFIG: await kubernetes.userWith(rules) }
      const lacking = await it.run(['verify', '--log-json'], env)
      expect(lastLine(lacking)['error']).toContain(`needs: patch ${resource}`)
      expect(lacking.code).toBe(1)
    }
  })

  test('an immutable Secret is named', async () => {
    await using it = await openemrOnEks(on().server, { tls: on().tls, cluster }, { at: 'on-a' })
    const { namespace } = it.kubernetes
    it.kubernetes.edit({ resource: 'secrets', namespace, name: SECRET }, { immutable: true })
    const ended = await it.run(['verify', '--log-json'])
    expect(lastLine(ended)['error']).toContain('it is immutable')
    expect(ended.code).toBe(1)
  })

  test('runs in a Job of its own with --job', async () => {
    await using it = await operatorOnEks(on(), cluster, { at: 'on-a' })
    const ended = await it.operate(['verify', '--job'])
    expect(lastLine(ended), ended.stderr).toEqual({ status: 'ok', action: 'verify' })
    expect(ended.code).toBe(0)
    expect(await it.jobs()).toHaveLength(1)
    expect(it.world.slots().active_slot).toBe('A')
  })
})

describe('cuedot openemr verify on ECS', () => {
  test('W22 runs in a task of its own with --task, and tells what is wrong there', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    const ended = await it.operate(['verify', '--task'])
    expect(lastLine(ended), ended.stderr).toEqual({ status: 'ok', action: 'verify' })
    expect(ended.code).toBe(0)
    await rm(it.onEcs.world.sqlconf)
    const broken = await it.operate(['verify', '--task'])
    expect(lastLine(broken)['error']).toContain('sqlconf.php not found')
    expect(broken.code).toBe(1)
    expect(it.onEcs.world.slots().active_slot).toBe('A')
  })
})
