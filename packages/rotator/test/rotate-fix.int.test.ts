import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { mariadbRig } from '../../testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../../testkit/src/rig/mysql.ts'
import { postgresRig } from '../../testkit/src/rig/postgres.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'
import { MYSQL_HERE } from '../../testkit/src/servers/mysql-here.ts'

interface Engine {
  readonly name: string
  readonly start: () => Promise<RigEngine>
  /** Takes a right from the standby user. */
  readonly revoke: string
  /** How it is named. */
  readonly lacks: string
}

const ENGINES: readonly Engine[] = [
  {
    name: 'MariaDB',
    start: mariadbRig,
    revoke: "REVOKE DELETE ON openemr.* FROM 'app_b'@'%'",
    lacks: 'DELETE on database "openemr"',
  },
  // Where there is none its server fixture prints so.
  ...(MYSQL_HERE === undefined
    ? []
    : [
        {
          name: 'MySQL',
          start: mysqlRig,
          revoke: "REVOKE DELETE ON openemr.* FROM 'app_b'@'%'",
          lacks: 'DELETE on database "openemr"',
        },
      ]),
  {
    name: 'PostgreSQL',
    start: postgresRig,
    revoke: 'REVOKE app_owner FROM app_b',
    lacks: 'membership in role "app_owner"',
  },
]

describe.each(ENGINES)('a standby user that lacks something on $name', (engine) => {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig(await engine.start())
  })
  afterAll(async () => {
    await rig.consumers.stop()
    await rig[Symbol.asyncDispose]()
  })

  test('is named by plain rotate and settled by --fix, unnoticed by consumers', async () => {
    await rig.consumers.start()
    await using root = await rig.engine.root()
    await root.ask(engine.revoke)
    const before = await rig.document('AWSCURRENT')
    const refused = await rig.cuedot(['rotate', '--json']).ended
    expect(refused.code, refused.stderr).toBe(3)
    expect(JSON.parse(refused.stdout)).toMatchObject({
      outcome: 'refused',
      code: 'PRIVILEGES_DIFFER',
      what: expect.stringContaining(engine.lacks),
      actions: [],
    })
    expect(await rig.document('AWSCURRENT')).toEqual(before)
    const fixed = await rig.cuedot(['rotate', '--fix', '--json']).ended
    expect(fixed.code, fixed.stdout).toBe(0)
    const { outcome, actions } = JSON.parse(fixed.stdout)
    expect([outcome, actions[0]]).toMatchObject(['rotated', { step: 'grant', slot: 'B' }])
    expect((await rig.document('AWSCURRENT'))?.active_slot).toBe('B')
    const again = await rig.cuedot(['rotate', '--json']).ended
    expect(again.code, again.stdout).toBe(0)
    expect(rig.consumers.failures).toEqual([])
    expect(rig.consumers.attempts).toBeGreaterThan(10)
  })
})
