import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { everything, lastLine, loggedIn, openemrOnEcs, useMariadb } from './openemr-fixture.ts'

const on = useMariadb()

describe('cuedot openemr where secret, database and application disagree', () => {
  test('E4 brings a fresh stack from the admin to a slot; no user holds a stand-in', async () => {
    await using it = await openemrOnEcs(on(), { at: 'fresh' })
    const { world } = it
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'ok', active_slot: 'B' })
    const { A, B } = world.slots()
    expect(await readFile(world.sqlconf, 'utf8')).toContain(`$pass\t= '${B.password}'`)
    for (const { username, password } of [A, B]) {
      expect(password).toMatch(/^[A-Za-z0-9]{30}$/)
      await using login = await loggedIn(it, { username, password })
      await login.ping()
      await expect(loggedIn(it, { username, password: 'placeholder' })).rejects.toThrow(/denied/)
    }
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({
      ...{ status: 'ok', active_slot: 'A', admin: 'rotated' },
    })
    expect((await world.report()).failed).toEqual([])
  })

  test('R9 a first run whose secret names B ends on a slot, too', async () => {
    await using it = await openemrOnEcs(on(), { at: 'fresh' })
    const { world } = it
    const store = secretsManagerAdmin(world.store.endpoint)
    const other = JSON.stringify({ ...world.slots(), active_slot: 'B' })
    await store.call('PutSecretValue', { SecretId: 'slots', SecretString: other })
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok', active_slot: 'A' })
    expect(world.slots().A.username).toBe('openemr_a')
    expect(await readFile(world.sqlconf, 'utf8')).toContain("$login\t= 'openemr_a'")
    expect((await world.report()).failed).toEqual([])
  })

  test('T57 E5 syncs a database that an older backup was restored to', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a', service: { desired: 0 } })
    const { world } = it
    const before = world.slots()
    for (const user of ['openemr_a', 'openemr_b'])
      await world.root.query(`ALTER USER ${user}@'%' ${on().server.identified('of the backup')}`)
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ code: 'ACTIVE_DENIED' })
    expect((await it.run(['--sync-db-users'])).code).toBe(0)
    const { A, B } = world.slots()
    expect(A).toEqual(before.A)
    for (const slot of [A, B]) {
      await using login = await loggedIn(it, slot)
      await login.ping()
    }
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ status: 'ok', active_slot: 'B' })
  })

  test('T10 R3 a dry run of the sync changes nothing', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const before = await everything(it)
    const ended = await it.run(['--dry-run', '--sync-db-users', '--log-json'])
    expect(lastLine(ended)).toMatchObject({
      ...{ status: 'ok', action: 'sync_db_users', dry_run: true, plan: [] },
    })
    expect(await everything(it)).toEqual(before)
  })

  test('syncs a standby user whose password nobody knows', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const { world } = it
    await world.root.query(`ALTER USER openemr_b@'%' ${on().server.identified('of somebody')}`)
    const file = await readFile(world.sqlconf, 'latin1')
    const ended = await it.run(['--sync-db-users'])
    expect(ended).toMatchObject({
      ...{ code: 0, stdout: 'Database users synced to match slot secrets.\n' },
    })
    const { B } = world.slots()
    await using login = await loggedIn(it, B)
    await login.ping()
    expect(await readFile(world.sqlconf, 'latin1')).toBe(file)
    expect((await world.report()).failed).toEqual([])
  })

  test('E5 R7 heals a secret that is older than the password in use', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
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

  test('T74 R17 a database that is down is never a reason to reset a password', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const { world } = it
    const admin: object = JSON.parse(world.store.peek('admin', 'AWSCURRENT') ?? '{}')
    const away = JSON.stringify({ ...admin, port: 1 })
    const store = secretsManagerAdmin(world.store.endpoint)
    await store.call('PutSecretValue', { SecretId: 'admin', SecretString: away })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_DB_UNREACHABLE' })
    expect(lastLine(ended)['error']).toContain('Do not reset any password for this.')
  })

  test('T42 R20 an empty slot is refused by its name', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
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
