// Goal: adopting works on every engine and through Secrets Manager with no more than the calls that
// a rotation makes. Method: a rig whose secret is put back to the flat shape, consumers without a
// pause, the real command line.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'

/** What docs/iam.md grants on the secret. */
const GRANTED = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage']

/** Registers the tests of adopting on one engine. */
export function adoptTests(name: string, startEngine: () => Promise<RigEngine>): void {
  describe(`adopting on ${name}`, () => {
    let rig: Rig
    beforeAll(async () => {
      rig = await startRig(await startEngine())
      const { username, password, host, port, dbname } = rig.engine.slots.A
      const flat = { username, password: password.reveal(), host, port, dbname, team: 'rig' }
      await secretsManagerAdmin(rig.store.endpoint).call('PutSecretValue', {
        SecretId: 'rig/slots',
        SecretString: JSON.stringify(flat),
        ClientRequestToken: 'the-flat-document-of-this-test-01',
      })
      await rig.consumers.start()
    }, 60_000)
    afterAll(async () => {
      await rig.consumers.stop()
      await rig[Symbol.asyncDispose]()
    })

    test('I1 changes the secret with one write and one move, and no consumer notices', async () => {
      const { username, password } = rig.engine.slots.A
      const before = rig.store.log.length
      const { code, stdout, stderr } = await rig.cuedot(['adopt', '--json']).ended
      expect([code, stderr]).toEqual([0, expect.stringContaining('adopt begins')])
      expect(JSON.parse(stdout)).toMatchObject({
        outcome: 'adopted',
        actions: [{ step: 'record' }, { step: 'adopt' }],
      })
      const calls = rig.store.log.slice(before)
      expect(GRANTED).toEqual(expect.arrayContaining([...new Set(calls)]))
      const writes = calls.filter((one) => !/^(Get|Describe)/.test(one))
      expect(writes).toEqual(['PutSecretValue', 'UpdateSecretVersionStage'])
      expect(await rig.document('AWSCURRENT')).toMatchObject({
        active_slot: 'A',
        A: { username, password: password.reveal() },
        B: { username: `${username}_b`, password: 'placeholder' },
        last: { outcome: 'adopted' },
        team: 'rig',
      })
      const again = await rig.cuedot(['adopt', '--json']).ended
      expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'settled', actions: [] })
    })

    test('I1 is followed by a rotation to a user that is made for it', async () => {
      const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
      expect(code, stderr).toBe(0)
      const { DB_USER } = parseEnv(await readFile(join(rig.dir, 'app.env'), 'utf8'))
      expect(DB_USER).toBe(`${rig.engine.slots.A.username}_b`)
      expect(rig.consumers.failures).toEqual([])
      expect(rig.consumers.attempts).toBeGreaterThan(10)
    })
  })
}
