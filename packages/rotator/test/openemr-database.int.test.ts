import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { RowDataPacket } from 'mysql2/promise'
import { describe, expect, test, vi } from 'vitest'
import { startMariadb } from '../../testkit/src/servers/mariadb.ts'
import { everything, lastLine, openemrOnEcs, useMariadb } from './openemr-fixture.ts'
import type { EcsWorld } from './openemr-fixture.ts'
import { A_TO_B, adminOf, counter, logsIn, planOf, putSecret, atRest } from './openemr-hands.ts'

const on = useMariadb()

async function grantsOf({ world }: EcsWorld, user: string): Promise<readonly string[]> {
  const [rows] = await world.root.query<RowDataPacket[][]>({
    sql: `SHOW GRANTS FOR ${user}@'%'`,
    rowsAsArray: true,
  })
  return rows.flat().map(String)
}

/** How often the server was told to make a user of a slot, and to read its tables again. */
async function statements(): Promise<{ readonly created: number; readonly flushed: number }> {
  const log = await on().server.log()
  const count = (what: RegExp): number => log.match(what)?.length ?? 0
  return { created: count(/CREATE USER .*openemr_[ab]/g), flushed: count(/FLUSH PRIVILEGES/gi) }
}

describe('cuedot openemr and the database', () => {
  test('T45 T50 T60 makes users with what the application needs and no more', async () => {
    await using it = await openemrOnEcs(on(), atRest('fresh'))
    const before = await statements()
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ active_slot: 'B' })
    for (const user of ['openemr_a', 'openemr_b']) {
      const [usage, ...rights] = await grantsOf(it, user)
      expect(usage).toMatch(/^GRANT USAGE ON \*\.\* TO .* REQUIRE SSL$/)
      expect(rights).toEqual([expect.stringMatching(/^GRANT ALL PRIVILEGES ON `openemr`\.\* TO/)])
    }
    const { created, flushed } = await statements()
    expect(created - before.created).toBe(2)
    expect(flushed).toBe(before.flushed)
  })

  test('T51 refuses a schema that it could not name, and takes a hyphen', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { world } = it
    const slots = world.slots()
    const named = (dbname: string): Promise<void> =>
      putSecret(it, 'slots', { ...slots, A: { ...slots.A, dbname }, B: { ...slots.B, dbname } })
    for (const dbname of ['db; DROP TABLE--', 'openemr; DROP TABLE']) {
      await named(dbname)
      const before = await everything(it)
      const ended = await it.run(['--log-json'])
      expect(lastLine(ended)['error']).toContain(`Unsupported dbname for rotation: ${dbname}.`)
      expect(ended.code).toBe(1)
      expect(await everything(it)).toEqual(before)
    }
    await world.root.query('CREATE DATABASE IF NOT EXISTS `open-emr`')
    for (const user of ['openemr_a', 'openemr_b'])
      await world.root.query(`GRANT ALL PRIVILEGES ON \`open-emr\`.* TO ${user}@'%'`)
    await named('open-emr')
    expect(await planOf(it)).toEqual(A_TO_B)
    await world.root.query('DROP DATABASE `open-emr`')
  })

  test('T52 takes leave of the server when it fails', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    await it.world.root.query("REVOKE INSERT ON openemr.* FROM openemr_b@'%'")
    const aborted = await counter(it, 'Aborted_clients')
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'PRIVILEGES_DIFFER' })
    // The server may still be busy with the leave that was taken.
    const sessions = (): Promise<number> => counter(it, 'Threads_connected')
    await vi.waitUntil(async () => (await sessions()) === 1, { timeout: 20_000 })
    expect(await counter(it, 'Aborted_clients')).toBe(aborted)
  })

  test('T54 finds the admin by another version of its secret, not by a slot', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const known = adminOf(it)
    await putSecret(it, 'admin', { ...known, password: 'of a bad edit' })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'ok', admin: 'rotated' })
    expect(adminOf(it).password).not.toBe(known.password)
    expect(await logsIn(it, adminOf(it))).toBe(true)
    expect(await logsIn(it, known)).toBe(false)
  })

  test('T55 with no version that logs in tells to reset it, and changes nothing', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const known = adminOf(it)
    for (const password of ['wrong', 'wrong too'])
      await putSecret(it, 'admin', { ...known, password })
    const before = await everything(it)
    for (const more of [[], ['--dry-run'], ['--sync-db-users']]) {
      const ended = await it.run(['--log-json', ...more])
      expect(lastLine(ended)).toMatchObject({ outcome: 'refused', code: 'ADMIN_LOST' })
      expect(lastLine(ended)['error']).toContain('Reset the admin password at the database')
      expect(ended.code).toBe(1)
    }
    expect(await everything(it)).toEqual(before)
  })

  test('R4 an admin whose new password is set and not yet current is found again', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { store } = it.world
    const known = adminOf(it)
    store.fail({ kind: 'denied', action: 'UpdateSecretVersionStage', after: 2, calls: 9 })
    const failed = await it.run(['--log-json'])
    expect(lastLine(failed)).toMatchObject({ status: 'error', active_slot: 'B' })
    expect(await logsIn(it, known)).toBe(false)
    expect(adminOf(it)).toEqual(known)
    store.heal()
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ active_slot: 'A' })
    expect(await logsIn(it, adminOf(it))).toBe(true)
  })

  test('T78 asks for the server at 3306 where the secret names no port', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    await putSecret(it, 'admin', { ...adminOf(it), host: '127.0.0.77', port: undefined })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)['error']).toContain('127.0.0.77:3306')
    expect(ended.code).toBe(1)
  })

  test('T76 a server that never greets holds nobody up', async () => {
    const mute = createServer()
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const { port } = mute.address() as AddressInfo
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    await putSecret(it, 'admin', { ...adminOf(it), port })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_DB_UNREACHABLE' })
    expect(lastLine(ended)['error']).toContain('no answer in time')
    mute.close()
  })

  test('R16 refuses a server that offers no TLS', async () => {
    await using plain = await startMariadb()
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    await putSecret(it, 'admin', { ...adminOf(it), port: plain.port })
    const ended = await it.run(['--log-json'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_DB_TLS' })
    expect(await plain.log()).not.toContain('dbadmin')
  })
})
