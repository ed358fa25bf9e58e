// Goal: after `rotate --compromised` nothing that leaked logs in, and nobody who did is left, while
// applications go on. Method: intruders hold open sessions with both slots’ passwords; the real
// command line runs; every password from before is tried.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConsumerConnection, RigEngine } from '../../testkit/src/rig/engine.ts'
import { startWireTap } from '../../testkit/src/crash/wire.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig, RigStrategy } from '../../testkit/src/rig/rig.ts'
import { composeTarget } from '../src/compose.ts'
import { loadConfig } from '../src/config/load.ts'

/** What the command prints, as far as the test looks into it. */
interface Told {
  readonly outcome: string
  readonly runs: readonly { readonly target: string; readonly outcome: string }[]
  readonly revoked: readonly { readonly target: string; readonly slot: string }[]
  readonly tried: number
  readonly stillAccepted: readonly unknown[]
}

async function works(connection: ConsumerConnection): Promise<boolean> {
  return await connection.work().then(
    () => true,
    () => false,
  )
}

/** Registers the test on one engine; a file for each, so that they run side by side. */
export function compromisedTests(
  name: string,
  startEngine: () => Promise<RigEngine>,
  strategy: RigStrategy = 'alternating',
): void {
  describe(`a leaked credential on ${name}, ${strategy}`, () => {
    let rig: Rig
    const users = strategy === 'alternating' ? (['A', 'B'] as const) : (['A'] as const)

    beforeAll(async () => {
      rig = await startRig(await startEngine(), strategy)
    })

    afterAll(async () => {
      await rig.consumers.stop()
      await rig[Symbol.asyncDispose]()
    })

    test('waits for no one but a rotator that is at work: it ends no session of it', async () => {
      const config = await loadConfig(join(rig.dir, 'cuedot.yaml'))
      const { target } = await composeTarget('app', config)
      const call = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(10_000) })
      const lock = { target: 'app', lock: 'take', holder: 'cuedot the first' } as const
      await using first = await target.database.admin(rig.engine.admin, lock, call())
      expect(first.lock.kind).toBe('own')
      const before = await rig.document('AWSCURRENT')
      const { code, stdout } = await rig.cuedot(['rotate', '--compromised', '--json']).ended
      expect([code, JSON.parse(stdout)]).toMatchObject([
        6,
        { outcome: 'locked', runs: [{ target: 'app', code: 'LOCKED', actions: [] }], revoked: [] },
      ])
      expect(await rig.document('AWSCURRENT')).toEqual(before)
      expect(await first.sessions([rig.engine.admin.username], call())).toEqual([])
      await (await rig.engine.connect(rig.engine.admin)).close()
    })

    test('is dead everywhere after one command, and so are its sessions', async () => {
      await rig.consumers.start()
      const leaked = users.map((slot) => rig.engine.slots[slot])
      const intruders = await Promise.all(leaked.map((login) => rig.engine.connect(login)))
      const { code, stdout, stderr } = await rig.cuedot(['rotate', '--compromised', '--json']).ended
      expect(code, stderr).toBe(0)
      const told: Told = JSON.parse(stdout)
      expect(told).toMatchObject({ outcome: 'rotated', stillAccepted: [] })
      expect(told.runs.map(({ target }) => target)).toEqual(['app.admin', 'app'])
      expect(told.tried).toBe(leaked.length + 1)
      expect(told.revoked.map(({ slot }) => slot)).toContain('user')
      for (const login of leaked) await expect(rig.engine.connect(login)).rejects.toThrow(/./)
      for (const intruder of intruders) expect(await works(intruder)).toBe(false)
    })

    test('told first what may fail, and names nobody’s password', async () => {
      const { code, stdout, stderr } = await rig.cuedot(['rotate', '--compromised']).ended
      expect(code, stderr).toBe(0)
      expect(stderr).toMatch(/app: whoever has not moved when an old password dies/)
      expect(stdout).toMatch(/credentials that the secrets had were tried: none logs in any more/)
      const { failures } = rig.consumers
      const before = failures.length
      const attempts = rig.consumers.attempts
      await expect.poll(() => rig.consumers.attempts).toBeGreaterThan(attempts + 5)
      expect(failures.slice(before)).toEqual([])
    })

    test('that loses the database half-way says what it has changed', async () => {
      const { port } = rig.engine
      const tap = await startWireTap(port)
      const [direct, tapped] = [`localhost:${port}`, `localhost:${tap.port}`]
      await rig.edit((yaml) => yaml.replace(direct, tapped))
      const gone: PromiseLike<void>[] = []
      const { ended } = rig.cuedot(['rotate', '--compromised', '--log-json'], (line) => {
        const { code, target }: Record<string, unknown> = JSON.parse(line)
        if (code === 'RUN_ENDED' && target === 'app.admin') gone.push(tap[Symbol.asyncDispose]())
      })
      const { code, stdout } = await ended
      await Promise.all(gone)
      await rig.edit((yaml) => yaml.replace(tapped, direct))
      const told: Told = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
      expect([gone.length, code]).toEqual([1, 5])
      expect(told.runs.map(({ target, outcome }) => `${target} ${outcome}`)).toEqual([
        'app.admin rotated',
        expect.stringMatching(/^app (failed|stopped)$/),
      ])
      const again = await rig.cuedot(['rotate', '--compromised', '--json']).ended
      expect(again.code, again.stdout).toBe(0)
      expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'rotated', unproven: [] })
    })
  })
}
