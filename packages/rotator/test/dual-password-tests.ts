// Goal: a rotation of two passwords of one user is never noticed by a consumer, not even when the
// process is killed. Method: consumers log in without a pause with exactly what an application
// would hold and tell its version; the run is killed at a random point and started again.
import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { RigEngine } from '../../testkit/src/rig/engine.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig, RigDocument } from '../../testkit/src/rig/rig.ts'

/** A rotation of the rig has about this many events; a kill strikes after one of them. */
const EVENTS = 24

function passwordsIn(document: RigDocument | undefined): readonly string[] {
  const { password, other_password: other } = document ?? {}
  return [password, other?.password].flatMap((text) => (text === undefined ? [] : [text]))
}

async function logsIn(rig: Rig, password: string): Promise<boolean> {
  const { username } = rig.engine.slots.A
  const login = { username, password: new Sensitive(password, 'password under test') }
  try {
    await (await rig.engine.connect(login)).close()
    return true
  } catch {
    return false
  }
}

/** I3: the password to use logs in. I2: nothing that ever did so does it unknown to the store. */
async function expectKnown(rig: Rig, ever: Set<string>): Promise<void> {
  const current = await rig.document('AWSCURRENT')
  const known = [...passwordsIn(current), ...passwordsIn(await rig.document('AWSPENDING'))]
  for (const password of known) ever.add(password)
  expect(await logsIn(rig, current?.password ?? ''), 'I3').toBe(true)
  const forgotten = [...ever].filter((password) => !known.includes(password))
  const answers = await Promise.all(forgotten.map((password) => logsIn(rig, password)))
  expect(answers, 'I2').not.toContain(true)
}

/** Registers the tests on one engine; a file for each, so that they run side by side. */
export function dualPasswordTests(name: string, startEngine: () => Promise<RigEngine>): void {
  describe(`a rotation of two passwords on ${name}`, () => {
    let rig: Rig

    beforeAll(async () => {
      rig = await startRig(await startEngine(), 'dual-password')
    })

    afterAll(async () => {
      await rig.consumers.stop()
      await rig[Symbol.asyncDispose]()
    })

    test('is not noticed by consumers, three times in a row', async () => {
      const first = rig.engine.slots.A.password.reveal()
      await rig.consumers.start()
      for (const turn of [1, 2, 3]) {
        const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
        expect(code, `turn ${turn}: ${stderr}`).toBe(0)
        expect(await rig.document('AWSCURRENT')).not.toHaveProperty('other_password')
      }
      expect(await logsIn(rig, first)).toBe(false)
      expect(rig.consumers.failures).toEqual([])
      expect(rig.consumers.attempts).toBeGreaterThan(10)
    })

    test('I1 I2 I5 hold when it is killed at a random point and run again', async () => {
      const ever = new Set<string>()
      const after = randomInt(EVENTS)
      let lines = 0
      const { ended } = rig.cuedot(['rotate', '--log-json'], (_line, child) => {
        lines += 1
        if (lines === after + 1) child.kill('SIGKILL')
      })
      const killed = await ended
      await expectKnown(rig, ever)
      const again = await rig.cuedot(['rotate', '--json']).ended
      expect(again.code, `killed after event ${after}: ${killed.stdout}\n${again.stderr}`).toBe(0)
      await expectKnown(rig, ever)
      expect(rig.consumers.failures, `killed after event ${after}`).toEqual([])
      expect(ever.size).toBeGreaterThan(1)
    })

    test('stops for a session that does not say which password it has used', async () => {
      const password = new Sensitive((await rig.document('AWSCURRENT'))?.password ?? '', 'a test')
      const { username } = rig.engine.slots.A
      const silent = await rig.engine.connect({ username, password })
      const { ended } = rig.cuedot(['rotate', '--log-json'], (line, child) => {
        const event: unknown = JSON.parse(line)
        const waits = typeof event === 'object' && event !== null && 'on' in event
        if (waits && String(event.on).includes('consumer')) child.kill('SIGTERM')
      })
      const { code, stdout } = await ended
      expect(code, stdout).toBe(5)
      expect(await logsIn(rig, password.reveal())).toBe(true)
      await silent.close()
      const again = await rig.cuedot(['rotate', '--json']).ended
      expect(again.code, again.stderr).toBe(0)
      expect(await logsIn(rig, password.reveal())).toBe(false)
      expect(rig.consumers.failures).toEqual([])
    })

    test("I6 no password is in the server's log or in what the command printed", async () => {
      const { stdout, stderr } = await rig.cuedot(['rotate', '--log-json']).ended
      const password = (await rig.document('AWSCURRENT'))?.password ?? ''
      const log = await rig.engine.log()
      expect(log.length).toBeGreaterThan(1_000)
      expect(password).toHaveLength(30)
      expect([log, stdout, stderr].some((text) => text.includes(password))).toBe(false)
    })
  })
}
