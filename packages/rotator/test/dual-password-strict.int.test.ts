// Goal: an account that one refused login closes goes through whole rotations. Method: MySQL itself
// counts refused logins, ours among them, and closes the account at the first one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'

/** When a run is killed: each leaves another state for the next one to find. */
const KILLED_AT = [
  ['STEP_APPLIED', 'open'],
  ['STEP_STARTED', 'set'],
  ['STEP_APPLIED', 'set'],
  ['STEP_APPLIED', 'flip'],
  ['STEP_APPLIED', 'stage'],
  ['STEP_STARTED', 'retire'],
  ['STEP_APPLIED', 'retire'],
] as const

// Where there is none its server fixture prints so.
describe.skipIf(MYSQL_HERE === undefined)('MySQL with FAILED_LOGIN_ATTEMPTS 1', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig(await mysqlRig(), 'dual-password')
    const limit = 'FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED'
    await using root = await rig.engine.root()
    await root.ask(`ALTER USER 'app_a'@'%' ${limit}`)
    await rig.consumers.start()
  })
  afterAll(async () => {
    await rig.consumers.stop()
    await rig[Symbol.asyncDispose]()
  })

  const tries = async (password = ''): Promise<number | 'let in'> => {
    const login = { username: 'app_a', password: new Sensitive(password, 'under test') }
    try {
      await (await rig.engine.connect(login)).close()
      return 'let in'
    } catch (error) {
      return error instanceof Error && 'errno' in error ? Number(error.errno) : 0
    }
  }

  test('is never tripped by a rotation', async () => {
    for (const turn of [1, 2]) {
      const { code, stdout } = await rig.cuedot(['rotate', '--json']).ended
      expect(code, `turn ${turn}: ${stdout}`).toBe(0)
    }
    expect(await tries((await rig.document('AWSCURRENT'))?.password)).toBe('let in')
    expect(rig.consumers.failures).toEqual([])
  })

  test.for(KILLED_AT)('is never tripped by one that is killed at %s %s', async ([code, step]) => {
    const killed = await rig.cuedot(['rotate', '--log-json'], (line, child) => {
      if (isEvent(line, code, step)) child.kill('SIGKILL')
    }).ended
    expect(killed.code, killed.stdout).toBeNull()
    const again = await rig.cuedot(['rotate', '--json']).ended
    expect(again.code, again.stdout).toBe(0)
    expect(await tries((await rig.document('AWSCURRENT'))?.password)).toBe('let in')
    expect(rig.consumers.failures).toEqual([])
  })

  test('is tripped by one login that is refused, which is what the others avoid', async () => {
    expect(await tries('wrong')).toBe(3955)
    expect(await tries((await rig.document('AWSCURRENT'))?.password)).toBe(3955)
  })
})

function isEvent(line: string, code: string, step: string): boolean {
  const event: unknown = JSON.parse(line)
  const known = typeof event === 'object' && event !== null && 'code' in event && 'step' in event
  return known && event.code === code && event.step === step
}
