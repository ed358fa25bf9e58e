import { afterEach, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'

let rig: Rig
afterEach(async () => {
  await rig.consumers.stop()
  await rig[Symbol.asyncDispose]()
})

async function logsIn(username: string, password = ''): Promise<boolean> {
  const login = { username, password: new Sensitive(password, 'password under test') }
  try {
    await (await rig.engine.connect(login)).close()
    return true
  } catch {
    return false
  }
}

/** Rehearses while consumers work, and expects that no one of them has noticed. */
async function rehearse(): Promise<void> {
  await rig.consumers.start()
  await expect.poll(() => rig.consumers.attempts).toBeGreaterThan(5)
  const { code, stdout } = await rig.cuedot(['rehearse', '--json']).ended
  expect(code, stdout).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    outcome: 'rehearsed',
    actions: ['rehearse', 'set', 'undo', 'close'].map((step) => ({ step })),
  })
  const seen = rig.consumers.attempts
  await expect.poll(() => rig.consumers.attempts).toBeGreaterThan(seen + 5)
  expect(rig.consumers.failures).toEqual([])
}

test('a rehearsal on PostgreSQL leaves the active slot and knows both passwords', async () => {
  rig = await startRig(await postgresRig())
  const before = await rig.document('AWSCURRENT')
  await rehearse()
  const after = await rig.document('AWSCURRENT')
  expect(after).toMatchObject({ active_slot: 'A', A: before?.A })
  expect(after?.rotation).toBeUndefined()
  expect(await logsIn('app_a', after?.A.password)).toBe(true)
  const known = [after, await rig.document('AWSPENDING')].map((document) => document?.B.password)
  expect(await Promise.all(known.map((password) => logsIn('app_b', password)))).toContain(true)
  const rotated = await rig.cuedot(['rotate', '--json']).ended
  expect(rotated.code, rotated.stdout).toBe(0)
  expect(rig.consumers.failures).toEqual([])
})

test('a rehearsal with two passwords on MariaDB knows both, and a rotation ends them', async () => {
  rig = await startRig(await mariadbRig(), 'dual-password')
  const before = await rig.document('AWSCURRENT')
  await rehearse()
  const after = await rig.document('AWSCURRENT')
  expect(after?.password).toBe(before?.password)
  expect(after?.rotation).toBeUndefined()
  const known = [after?.password, after?.other_password?.password]
  expect(await Promise.all(known.map((password) => logsIn('app_a', password)))).toEqual([
    true,
    true,
  ])
  const rotated = await rig.cuedot(['rotate', '--json']).ended
  expect(rotated.code, rotated.stdout).toBe(0)
  const dead = await Promise.all(known.map((password) => logsIn('app_a', password)))
  expect(dead).toEqual([false, false])
  expect(rig.consumers.failures).toEqual([])
})
