import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { everything, lastLine, openemrOnEcs, passwordsOf, useMariadb } from './openemr-fixture.ts'
import type { EcsWorld } from './openemr-fixture.ts'
import { adminOf, logsIn, planOf, putSecret, atRest } from './openemr-hands.ts'

const on = useMariadb()

/** Points the application at slot B past everybody, as a run that is killed after the flip does. */
async function flipFile({ world }: EcsWorld): Promise<void> {
  const { A, B } = world.slots()
  const source = await readFile(world.sqlconf, 'utf8')
  const flipped = source.replace(A.username, B.username).replace(A.password, B.password)
  await writeFile(world.sqlconf, flipped)
}

describe('cuedot openemr and the slot document', () => {
  test('R1 T32 T36 T49 T53 T56 T65 T73 alternates; no password comes twice', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { world } = it
    const seen = new Set(passwordsOf(it))
    const active: string[] = []
    for (let run = 0; run < 5; run++) {
      const before = { ...world.slots(), admin: adminOf(it) }
      expect(lastLine(await it.run(['--log-json']))).toMatchObject({ admin: 'rotated' })
      const { A, B, active_slot: slot } = world.slots()
      active.push(slot)
      for (const password of passwordsOf(it)) {
        expect(password).toMatch(/^[A-Za-z0-9]{30}$/)
        seen.add(password)
      }
      for (const login of [A, B, adminOf(it)]) expect(await logsIn(it, login)).toBe(true)
      for (const login of [before.A, before.B, before.admin])
        expect(await logsIn(it, login)).toBe(false)
      expect(adminOf(it)).toMatchObject({ engine: 'mysql', host: before.admin['host'] })
      expect(await readFile(world.sqlconf, 'utf8')).toContain(world.slots()[slot].password)
    }
    expect(active).toEqual(['B', 'A', 'B', 'A', 'B'])
    expect(seen.size).toBe(3 + 5 * 3)
  }, 240_000)

  test('is refused with a slot that is the admin', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { A, B, ...rest } = it.world.slots()
    const { username, password } = adminOf(it)
    for (const [document, name] of [
      [{ ...rest, A: { ...A, username, password }, B }, 'A'],
      [{ ...rest, A, B: { ...B, username, password } }, 'B'],
    ] as const) {
      await putSecret(it, 'slots', document)
      const before = await everything(it)
      for (const more of [[], ['--dry-run'], ['--sync-db-users']]) {
        const ended = await it.run(['--log-json', ...more])
        expect(lastLine(ended)).toMatchObject({ code: 'ERR_DOCUMENT_SLOT_IS_ADMIN' })
        expect(lastLine(ended)['error']).toContain(`slot ${name} is ${username}`)
        expect(ended.code).toBe(1)
        expect(await everything(it)).toEqual(before)
      }
    }
  })

  test('T32 T33 T34 is refused without two slots of which one is active', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { A, B, active_slot, ...rest } = it.world.slots()
    for (const [document, place] of [
      [{ ...rest, active_slot: 'C', A, B }, '/active_slot must be "A" or "B"'],
      [{ ...rest, A, B }, '/active_slot must be "A" or "B"'],
      [{ ...rest, active_slot, A }, '/B must be an object: a slot'],
      [{ ...rest, active_slot, A: 'openemr_a', B }, '/A must be an object: a slot'],
    ] as const) {
      await putSecret(it, 'slots', document)
      const before = await everything(it)
      const ended = await it.run(['--log-json'])
      expect(ended.code).toBe(1)
      expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_DOCUMENT_SHAPE' })
      expect(lastLine(ended)['error']).toContain(place)
      expect(await everything(it)).toEqual(before)
    }
  })

  test('T43 T77 keeps what it does not know; ssl_required turns no TLS off', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { A, B, ...rest } = it.world.slots()
    const own = { ssl_required: false, team: { oncall: 'db' } }
    const document = { ...rest, A: { ...own, ...A }, B: { ...B, port: Number(B.port) }, x: [1] }
    await putSecret(it, 'slots', document)
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ active_slot: 'B' })
    const after = it.world.slots()
    expect(Object.keys(after).slice(0, 5)).toEqual(Object.keys(document))
    expect(after).toMatchObject({ x: [1], note: 'of the operator' })
    expect(after.A).toMatchObject({ ...own, host: A.host, port: A.port, dbname: A.dbname })
    expect(after.B.port).toBe(Number(B.port))
    expect(Object.keys(after.A).slice(0, 7)).toEqual(Object.keys(document.A))
    // The run above was taken by a server that takes nothing but TLS; it is verified as well.
    expect(lastLine(await it.run(['--log-json'], { CUEDOT_TLS_CA: '' }))).toMatchObject({
      code: 'ERR_DB_TLS',
    })
  })

  test('T44 a dry run of a first rotation tells of it and makes no user', async () => {
    await using it = await openemrOnEcs(on(), atRest('fresh'))
    const before = await everything(it)
    expect(await planOf(it)).toContain('provision B')
    expect(await everything(it)).toEqual(before)
  })

  test('T46 T47 T61 follows an application that is on the standby, and moves it on', async () => {
    await using it = await openemrOnEcs(on(), atRest('on-a'))
    const { world } = it
    await flipFile(it)
    const file = await readFile(world.sqlconf, 'utf8')
    const before = await everything(it)
    expect((await planOf(it)).slice(0, 2)).toEqual(['reconcile B', 'flip B'])
    expect(await everything(it)).toEqual(before)
    expect((await it.run(['--sync-db-users'])).code).toBe(0)
    expect(world.slots().active_slot).toBe('B')
    expect(await readFile(world.sqlconf, 'utf8')).toBe(file)
    await putSecret(it, 'slots', { ...world.slots(), active_slot: 'A' })
    expect(lastLine(await it.run(['--log-json']))).toMatchObject({ active_slot: 'A' })
    const { A, B } = world.slots()
    expect(await readFile(world.sqlconf, 'utf8')).toContain(`$pass\t= '${A.password}'`)
    for (const login of [A, B]) expect(await logsIn(it, login)).toBe(true)
  })
})
