// Goal: a rotation on real servers, with the real command line in its own process, is never noticed
// by a consumer, not even when the process is killed. Method: consumers log in without a pause with
// exactly what an application would hold; the run is killed at a random point and started again.
import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'

/** A rotation of the rig has about this many events; a kill strikes after one of them. */
const EVENTS = 24

async function logsIn(rig: Rig, slot: { username: string; password: string }): Promise<boolean> {
  const password = new Sensitive(slot.password, 'password under test')
  try {
    const connection = await rig.engine.connect({ username: slot.username, password })
    await connection.close()
    return true
  } catch {
    return false
  }
}

/** I2: whatever the database accepts for a slot stands in a version with a label. */
async function expectKnown(rig: Rig): Promise<void> {
  const current = await rig.document('AWSCURRENT')
  const pending = await rig.document('AWSPENDING')
  for (const slot of ['A', 'B'] as const) {
    const known = [current, pending].flatMap((document) => (document ? [document[slot]] : []))
    const answers = await Promise.all(known.map((login) => logsIn(rig, login)))
    expect(answers, `I2 slot ${slot}`).toContain(true)
  }
  const active = current?.[current.active_slot]
  expect(active && (await logsIn(rig, active)), 'AWSCURRENT logs in').toBe(true)
}

/**
 * Registers the tests of a rotation on one engine; a file for each, so that they run side by side.
 */
export function rotationTests(name: string, startEngine: () => Promise<RigEngine>): void {
  describe(`a rotation on ${name}`, () => {
    let rig: Rig

    beforeAll(async () => {
      rig = await startRig(await startEngine())
    })

    afterAll(async () => {
      await rig.consumers.stop()
      await rig[Symbol.asyncDispose]()
    })

    test('costs at most 6 store calls and 5 connections after the first one', async () => {
      const first = await rig.cuedot(['rotate', '--json']).ended
      expect(first.code, first.stderr).toBe(0)
      const [callsBefore, before] = [rig.store.log.length, await rig.engine.cost()]
      const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
      expect(code, stderr).toBe(0)
      const after = await rig.engine.cost()
      const calls = rig.store.log.slice(callsBefore)
      const connections = after.connections - before.connections
      const statements = after.statements - before.statements
      const cost = `${connections} connections, ${statements} statements`
      console.log(`${calls.length} store calls (${calls.join(' ')}), ${cost}`)
      expect(calls.length).toBeLessThanOrEqual(6)
      expect(connections).toBeLessThanOrEqual(5)
    })

    test('is not noticed by consumers, twice in a row and there and back', async () => {
      await rig.consumers.start()
      const before = (await rig.document('AWSCURRENT'))?.active_slot
      for (const turn of [1, 2]) {
        const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
        expect(code, `turn ${turn}: ${stderr}`).toBe(0)
      }
      expect((await rig.document('AWSCURRENT'))?.active_slot).toBe(before)
      expect(rig.consumers.failures).toEqual([])
      expect(rig.consumers.attempts).toBeGreaterThan(10)
    })

    test('I1 I2 I5 hold when it is killed at a random point and run again', async () => {
      const after = randomInt(EVENTS)
      let lines = 0
      const { ended } = rig.cuedot(['rotate', '--log-json'], (_line, child) => {
        lines += 1
        if (lines === after + 1) child.kill('SIGKILL')
      })
      const killed = await ended
      await expectKnown(rig)
      const again = await rig.cuedot(['rotate', '--json']).ended
      expect(again.code, `killed after event ${after}: ${killed.stdout}\n${again.stderr}`).toBe(0)
      await expectKnown(rig)
      expect(rig.consumers.failures, `killed after event ${after}`).toEqual([])
      const document = await rig.document('AWSCURRENT')
      expect(document?.rotation).toBeUndefined()
      expect(new Set(rig.consumers.held())).toEqual(
        new Set([document?.active_slot === 'A' ? 'app_a' : 'app_b']),
      )
    })

    test("I6 no password is in the server's log or in what the command printed", async () => {
      const { stdout, stderr } = await rig.cuedot(['rotate', '--log-json']).ended
      const document = await rig.document('AWSCURRENT')
      const log = await rig.engine.log()
      expect(log.length).toBeGreaterThan(1_000)
      for (const slot of ['A', 'B'] as const) {
        const password = document?.[slot].password ?? ''
        expect(password).toHaveLength(30)
        expect([log, stdout, stderr].some((text) => text.includes(password))).toBe(false)
      }
    })
  })
}
