import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../testkit/src/servers/ports.ts'
import { json, useCliSuite } from './cli-fixture.ts'
import type { CliWorld } from './cli-fixture.ts'

const { makeOne, server } = useCliSuite()

describe('a rotation from the command line', () => {
  test('ends with 0 and tells what happened on stdout and the steps on stderr', async () => {
    const world = await makeOne()
    const { code, stdout, stderr } = await world.run(['rotate'])
    expect(stderr).toContain('retire A: done')
    expect(stdout).toMatch(
      /^What happened: The credential was rotated\.\nState now: +Slot B is active/,
    )
    expect(stdout).toMatch(/\n10 steps in \d/)
    expect(code).toBe(0)
    const env = await world.env()
    expect(env['DB_USER']).toBe(world.users.B)
    expect(env['OTHER']).toBe('1')
  })

  test('gives one JSON object on stdout for --json', async () => {
    const world = await makeOne()
    const { code, stdout, stderr } = await world.run(['rotate', 'app', '--json'])
    expect(json(stdout)).toMatchObject({ outcome: 'rotated', activeSlot: 'B', failures: [] })
    expect(stderr).toContain('rotate begins')
    expect(code).toBe(0)
  })

  test('gives events as JSON lines for --log-json, and the result as the last', async () => {
    const world = await makeOne()
    const { code, stdout, stderr } = await world.run(['rotate', '--log-json', '--by', 'nightly'])
    const lines = stdout.trimEnd().split('\n').map(json)
    expect(lines[0]).toMatchObject({ code: 'RUN_STARTED', by: 'nightly' })
    expect(lines.at(-2)).toMatchObject({ code: 'RUN_ENDED', outcome: 'rotated' })
    expect(lines.at(-1)).toMatchObject({ outcome: 'rotated', target: 'app' })
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  test('ends with 1 when nothing could be begun', async () => {
    const world = await makeOne()
    await world.edit((yaml) => yaml.replace('secrets/app.cuedot', 'secrets/other.cuedot'))
    const { code, stdout } = await world.run(['rotate'])
    expect(stdout).toMatch(/^What happened: .*ERR_STORE_NOT_FOUND.*\nState now: +Nothing could be/)
    expect(code).toBe(1)
  })

  test('does not begin without the key of its store', async () => {
    const world = await makeOne()
    await world.edit((yaml) => yaml.replaceAll('keys/key', 'keys/other'))
    const { code, stdout, stderr } = await world.run(['rotate'])
    expect(stderr).toMatch(/^What happened: .*ERR_STORE_KEY.*\nState now: +Nothing was changed\./)
    expect(stdout).toBe('')
    expect(code).toBe(1)
    const verify = await world.run(['verify'])
    expect(verify.stdout).toMatch(/^app: not ready\n +failed +target +.*ERR_STORE_KEY/)
    expect(verify.code).toBe(3)
  })

  test('ends with 3 when a person must look', async () => {
    const world = await makeOne()
    await server().sql(`ALTER ROLE ${world.users.A} PASSWORD NULL`)
    const { code, stdout } = await world.run(['rotate', '--json'])
    expect(json(stdout)).toMatchObject({ outcome: 'refused', code: 'ACTIVE_DENIED' })
    expect(code).toBe(3)
  })

  test('ends with 4 when a runtime does not come up and the rotation is turned back', async () => {
    const argv = '[sh, -c, "test -f rolled || { touch rolled; exit 1; }"]'
    const world = await makeOne({ roll: `[{ id: web, kind: command, argv: ${argv} }]` })
    const { code, stdout } = await world.run(['rotate'])
    expect(stdout).toContain('backed out: web does not come up on the new credential')
    expect(stdout).toContain('Slot A is active and logs in')
    expect(code).toBe(4)
    expect((await world.env())['DB_USER']).toBe(world.users.A)
  })

  test.each([
    ['thrown in a run', 'throw new RangeError(process.env.CANARY)'],
    ['that nobody waits for', 'Promise.reject(new RangeError(process.env.CANARY)); return stop'],
  ])('ends with 70 for a bug %s, without its message', async (_where, broken) => {
    const world = await makeOne()
    const source = `const stop=new AbortController().signal; AbortSignal.timeout=()=>{${broken}}`
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(source)}`
    const env = { NODE_OPTIONS, CUEDOT_DEBUG: '1', CANARY: 'canary-in-a-bug' }
    const { code, stdout, stderr } = await world.run(['rotate'], { env })
    expect(stderr).toContain('This is a bug in cuedot (RangeError).')
    expect(stderr).toContain('running again is safe')
    expect(stderr).toMatch(/\n\s+at /)
    expect(stdout + stderr).not.toContain('canary-in-a-bug')
    expect(code).toBe(70)
    expect((await world.run(['rotate'])).code).toBe(0)
  })
})

describe('while somebody still uses the old slot', () => {
  let world: CliWorld
  beforeEach(async () => {
    world = await makeOne({ drain: '{ quiet: 200ms, limit: 2m, poll: 50ms }' })
  })

  test('SIGTERM ends the run with 5, and the next run goes on from there', async () => {
    const straggler = await world.connectAsA('nightly-report')
    const rotate = world.start(['rotate'])
    await rotate.shows('waiting (')
    rotate.child.kill('SIGTERM')
    rotate.child.kill('SIGTERM')
    const { code, stdout, stderr } = await rotate.ended
    expect(stderr).toContain('SIGTERM: finishing the action in flight, then stopping.')
    expect(stderr).toMatch(/drain A: .*by nightly-report from 127\.0\.0\.1/)
    expect(stdout).toContain('(ERR_INTERRUPTED; SIGTERM)')
    expect(stdout).toContain('Slot B is active. Rotation A→B is open. Logging in now: A and B.')
    expect(stdout).toContain('What to do:    Run again')
    expect(code).toBe(5)
    await straggler.end()
    const again = await world.run(['rotate', '--json'])
    expect(json(again.stdout)).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
  })

  test('a second run ends with 6 and names who holds the lock', async () => {
    const straggler = await world.connectAsA('nightly-report')
    const first = world.start(['rotate', '--by', 'alice'])
    await first.shows('waiting (')
    const second = await world.run(['rotate', '--json'])
    expect(json(second.stdout)).toMatchObject({ outcome: 'locked', code: 'LOCKED' })
    expect(second.stdout).toContain('cuedot alice')
    expect(second.code).toBe(6)
    const status = await world.run(['status'])
    expect(status.stdout).toMatch(/rotation +A→B is open/)
    expect(status.stdout).toMatch(/lock +held by .*cuedot alice/)
    await straggler.end()
    expect((await first.ended).code).toBe(0)
  })

  test('back-out turns an interrupted rotation back and ends with 0', async () => {
    const straggler = await world.connectAsA('nightly-report')
    const rotate = world.start(['rotate'])
    await rotate.shows('waiting (')
    rotate.child.kill('SIGINT')
    expect((await rotate.ended).code).toBe(5)
    const plan = await world.run(['plan', '--for', 'back-out'])
    expect(plan.stdout).toMatch(/1 +turn A/)
    const back = await world.run(['back-out'])
    expect(back.stdout).toContain('The rotation was backed out: asked to back out.')
    expect(back.code).toBe(0)
    expect((await world.env())['DB_USER']).toBe(world.users.A)
    await straggler.end()
  })
})

test('a command that prints the password shows it to nobody', async () => {
  const script = '. ./app.env; echo "cannot log in with $DB_PASSWORD" >&2; exit 1'
  const world = await makeOne({
    roll: `[{ id: web, kind: command, argv: [sh, -c, '${script}'] }]`,
  })
  const { code, stdout } = await world.run(['rotate'])
  expect(stdout).toContain('ROLL_FAILED: sh exited with 1: cannot log in with [')
  expect(code).toBe(3)
})

test('a command that still runs is ended with the run that is told to stop', async () => {
  const roll = '[{ id: web, kind: command, argv: [sh, -c, "echo $$ > pid; exec sleep 60"] }]'
  const world = await makeOne({ roll })
  const rotate = world.start(['rotate'])
  const pidOf = async (): Promise<number> => {
    const pid = Number(await readFile(join(world.dir, 'pid'), 'utf8'))
    expect(pid).toBeGreaterThan(0)
    return pid
  }
  const pid = await vi.waitFor(pidOf, { timeout: 20_000 })
  rotate.child.kill('SIGHUP')
  const { code, stdout } = await rotate.ended
  expect(stdout).toContain('Slot B is active. Rotation A→B is open.')
  expect(code).toBe(5)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

describe('commands that only look', () => {
  test('plan prints what rotate then does, with the point of no return', async () => {
    const world = await makeOne()
    const plan = await world.run(['plan'])
    expect(plan.code).toBe(0)
    const steps = [...plan.stdout.matchAll(/^ +\d+ {2}(\w+) /gm)].map(([, step]) => step)
    expect(plan.stdout).toMatch(/8 +stage A.*\n.*\n +─+ point of no return.*\n +9 +retire A/)
    const planned = json((await world.run(['plan', '--json'])).stdout)
    const { actions } = json((await world.run(['rotate', '--json'])).stdout)
    const done = (actions as readonly { step: string; durationMs: number }[]).map(
      ({ durationMs: _durationMs, ...action }) => action,
    )
    expect(done.map(({ step }) => step)).toEqual(steps)
    expect(planned).toMatchObject({ target: 'app', actions: done, end: { kind: 'settled' } })
  })

  test('status tells of age and drift, and exits with 3 only where it was asked to', async () => {
    const world = await makeOne({ extra: 'max_age: 1h' })
    await world.run(['rotate'])
    const fine = await world.run(['status', '--exit-code'])
    expect(fine.stdout).toMatch(/^app \(alternating\): in order\n/)
    expect(fine.stdout).toMatch(/slot B +\w+_b, active, password \d.* old, due in 59m/)
    expect(fine.code).toBe(0)
    const { admin } = server()
    const stranger = `DB_USER=${admin.username}\nDB_PASSWORD=${admin.password.reveal()}\n`
    await writeFile(join(world.dir, 'app.env'), stranger)
    const drifted = await world.run(['status'])
    expect(drifted.stdout).toMatch(/drift +web holds a user that is no slot's/)
    expect(drifted.code).toBe(0)
    const asked = await world.run(['status', '--exit-code', '--json'])
    expect(json(asked.stdout)).toMatchObject({
      attention: true,
      next: { end: { kind: 'refused' } },
    })
    expect(asked.code).toBe(3)
    expect((await world.run(['plan'])).code).toBe(3)
  })

  test('verify says what is ready, and what to change where something is not', async () => {
    const world = await makeOne({ roll: '[{ id: web, kind: command, argv: [no-such-program] }]' })
    const { code, stdout } = await world.run(['verify'])
    expect(stdout).toMatch(/failed +roll web +.*ERR_RUNTIME_COMMAND/)
    expect(stdout).toMatch(/ok +privileges +\w+_b does not exist yet/)
    expect(code).toBe(3)
    await world.edit((yaml) => yaml.replace('no-such-program', 'sh'))
    const fixed = await world.run(['verify'])
    expect(fixed.stdout).toMatch(/^app: ready\n/)
    expect(fixed.code).toBe(0)
  })

  test('verify ends with 1 when the database only cannot be reached', async () => {
    const world = await makeOne()
    const closed = await freePort()
    await world.edit((yaml) => yaml.replace(`:${server().port}"`, `:${closed}"`))
    const { code, stdout } = await world.run(['verify', '--json'])
    expect(json(stdout)).toMatchObject({ ok: false })
    expect(stdout).toContain('ERR_DB_UNREACHABLE')
    expect(code).toBe(1)
  })

  test('heal moves a stray consumer back to the active slot', async () => {
    const world = await makeOne()
    const stray = await readFile(join(world.dir, 'app.env'), 'utf8')
    await world.run(['rotate'])
    const before = await world.env()
    await writeFile(join(world.dir, 'app.env'), stray)
    expect((await world.run(['status'])).stdout).toMatch(/drift +web holds a credential that does/)
    expect((await world.run(['heal'])).code).toBe(0)
    expect(await world.env()).toEqual(before)
  })
})
