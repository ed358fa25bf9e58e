import { chmod, readFile, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TaskCommand } from '../../testkit/src/fakes/ecs-task.ts'
import {
  everything,
  expectSilent,
  lastLine,
  loggedIn,
  openemrOnEcs,
  passwordsOf,
  useMariadb,
} from './openemr-fixture.ts'

const on = useMariadb()

describe('cuedot openemr on ECS', () => {
  test('T1 T7 T35 T59 T66 moves OpenEMR to B and on to A, with one rollout each', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
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
    const log = await on().server.log()
    for (const password of [...known, ...passwordsOf(it)])
      expect(log.includes(password)).toBe(false)
  })

  test('T2 T6 T48 T58 R2 a dry run changes nothing and tells each step', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
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

  test('leaves an admin alone as whom somebody works, and says so', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const { world } = it
    const admin = world.store.peek('admin', 'AWSCURRENT')
    await using busy = await loggedIn(it, JSON.parse(admin ?? '{}'))
    const ended = await it.run(['--log-json'])
    await busy.ping()
    expect(ended.code).toBe(0)
    expect(lastLine(ended)).toMatchObject({ status: 'ok', admin: 'in use, left alone' })
    expect(ended.stdout).toContain('WARNING: the admin user keeps its password')
    expect(world.store.peek('admin', 'AWSCURRENT')).toBe(admin)
  })

  test('T63 R14 what the circuit breaker gives up is backed out byte for byte', async () => {
    const argv = [process.execPath, '-e', 'process.exit(1)'] as const
    const gone: TaskCommand = { argv, ready: /never/ }
    const state = { broken: false }
    await using it = await openemrOnEcs(on(), {
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

  test('T67 names the action that is not granted, with the application where it was', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const { world, ecs } = it
    const file = await readFile(world.sqlconf, 'latin1')
    ecs.fail({ kind: 'denied', action: 'UpdateService', calls: 100 })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)['error']).toMatch(/ecs:UpdateService/)
    expect(ended.code).toBe(1)
    expect(ended.stdout).toMatch(/"code":"STEP_FAILED".*"step":"roll"/)
    expect(ended.stdout).not.toMatch(/"code":"STEP_WAITING".*"step":"roll"/)
    expect((await world.report()).failed).toEqual([])
    ecs.heal()
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok' })
    expect(file).not.toBe(await readFile(world.sqlconf, 'latin1'))
    expect((await world.report()).failed).toEqual([])
  })

  test('T8 T15 T29 without sqlconf.php or its folder asks nobody, makes nothing', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const { world } = it
    await rm(world.sqlconf)
    const ended = await it.run(['--log-json'])
    const error = `OpenEMR sqlconf.php not found at discovered path: ${world.sqlconf}`
    expect(ended.stdout).toBe(`{"status": "error", "error": "${error}"}\n`)
    expect(ended.code).toBe(1)
    expect(world.store.log.filter((action) => action !== 'CreateSecret')).toEqual([])
    await rmdir(dirname(world.sqlconf))
    const text = await it.run([])
    expect(text).toMatchObject({ code: 1, stdout: '', stderr: `Rotation failed: ${error}\n` })
    expect(await readdir(world.sites)).toEqual([])
  })

  test('R16 refuses a server whose certificate nobody vouches for', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const ended = await it.run(['--log-json'], { CUEDOT_TLS_CA: '' })
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_DB_TLS' })
    expect(ended.code).toBe(1)
  })

  test('T3 T4 T31 repairs permissions without AWS, a database or any other variable', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
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
    // Root alone may give files away; anybody else is their owner already.
    const owner = process.getuid?.() === 0 ? '1000:101' : `${userInfo().uid}:${userInfo().gid}`
    expect((await it.run(['--fix-permissions', '--owner', owner], only)).code).toBe(0)
    const { uid, gid } = await stat(world.sqlconf)
    expect(`${uid}:${gid}`).toBe(owner)
    await rm(world.sqlconf)
    expect(await it.run(['--fix-permissions'], only)).toMatchObject({
      ...{ code: 1, stderr: `sqlconf.php not found at ${world.sqlconf}\n` },
    })
  })

  test('a flag that is none is a matter of usage', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const ended = await it.run(['--target', 'both'])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('Usage: cuedot openemr')
    expect((await it.run(['--help'])).code).toBe(0)
  })
})
