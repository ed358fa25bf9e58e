// Goal: a rotation through HAProxy in TCP mode, cuedot's own connections included, is not noticed,
// with the configurations of examples/haproxy; a switch to the other server in mid-run ends in a
// state that a later run settles. Both servers behind HAProxy are one server under two names: what
// a switch does to connections is real, replication is not part of it.
import { afterEach, describe, expect, test } from 'vitest'
import { haproxyMariadbRig, haproxyPostgresRig } from '../../testkit/src/rig/haproxy.ts'
import type { HaproxyRig } from '../../testkit/src/rig/haproxy.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'
import { poolerHere } from '../../testkit/src/servers/poolers-get.ts'

describe.skipIf(poolerHere('haproxy') === undefined)('HAProxy', () => {
  let open = new AsyncDisposableStack()
  afterEach(async () => {
    const done = open
    open = new AsyncDisposableStack()
    await done.disposeAsync()
  })

  const withConsumers = async (engine: HaproxyRig): Promise<Rig> => {
    const rig = open.use(await startRig(engine))
    open.defer(() => rig.consumers.stop())
    await rig.consumers.start()
    return rig
  }

  const engines = [
    ['PostgreSQL', haproxyPostgresRig],
    ['MariaDB', haproxyMariadbRig],
  ] as const

  test.each(engines)('a rotation on %s there and back is not noticed', async (name, start) => {
    const rig = await withConsumers(await start())
    for (const turn of [1, 2]) {
      const { code, stderr } = await rig.cuedot(['rotate', '--json']).ended
      expect(code, `turn ${turn}: ${stderr}`).toBe(0)
    }
    expect(rig.consumers.failures).toEqual([])
    expect(rig.consumers.attempts).toBeGreaterThan(10)
    console.log(`${name}: ${rig.consumers.attempts} logins and statements, 0 failed`)
  })

  test.each(engines)('a switch on %s while a rotation is open is survived', async (name, start) => {
    const engine = await start()
    const rig = open.use(await startRig(engine))
    let switched: Promise<void> | undefined
    const first = await rig.cuedot(['rotate', '--log-json'], (line) => {
      if (line.includes('"flip"')) switched ??= engine.proxy.switchTo('second')
    }).ended
    await switched
    expect(switched, 'the switch happened').toBeDefined()
    const lines = first.stdout.trimEnd().split('\n')
    const result = JSON.parse(lines.at(-1) ?? '{}') as { outcome: string; code?: string }
    expect([0, 4, 5], first.stdout).toContain(first.code)
    expect(lines.some((line) => /ERR_DB_UNREACHABLE|ERR_OUTCOME_UNKNOWN/.test(line))).toBe(true)
    console.log(`${name}: the run that was cut off ended with ${first.code} (${result.outcome})`)
    const { code, stderr } = await rig.cuedot(['heal', '--json']).ended
    expect(code, stderr).toBe(0)
    const document = await rig.document('AWSCURRENT')
    expect(document?.rotation).toBeUndefined()
    await rig.consumers.start()
    open.defer(() => rig.consumers.stop())
    const again = await rig.cuedot(['rotate', '--json']).ended
    expect(again.code, again.stderr).toBe(0)
    expect(rig.consumers.failures).toEqual([])
  })

  test('a short timeout cuts idle sessions, and the lock that was lost is taken anew', async () => {
    const timeouts = { 'timeout client 12h': 'timeout client 700ms' }
    const engine = await haproxyPostgresRig(timeouts)
    const rig = open.use(await startRig(engine))
    const idle = await engine.connect(engine.slots.A)
    const slow = '["/bin/sh", "-c", "sleep 3"]'
    const roll = `      - { id: slow, kind: command, argv: ${slow}, limit: 30s }\n    drain:`
    await rig.edit((yaml) => yaml.replace('    drain:', roll))
    const { code, stdout, stderr } = await rig.cuedot(['rotate', '--log-json']).ended
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('"error":"ERR_DB_UNREACHABLE"')
    await expect(idle.work()).rejects.toThrow(/./)
    await idle.close()
  })
})
