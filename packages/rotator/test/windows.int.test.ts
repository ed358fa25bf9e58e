// Goal: a rotation begins in a window or because somebody forced it, and ends at any time.
// Method: the command line on a real database, with windows around now.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DAYS } from '../src/domain/windows.ts'
import { json, useCliSuite } from './cli-fixture.ts'

const { makeOne } = useCliSuite()

/** A window on the day that is so many days from today, in UTC. */
function windowIn(days: number): string {
  const day = DAYS[(new Date().getUTCDay() + days) % 7] ?? ''
  return `windows: [{ days: [${day}], from: "00:00", to: "24:00", timezone: UTC }]`
}

const CLOSED = windowIn(3)
// Yesterday, today and tomorrow: a test may run over midnight.
const OPEN = windowIn(0).replace(/days: .*?\]/, 'days: [mon, tue, wed, thu, fri, sat, sun]')

describe('outside of every window', () => {
  test('rotate is refused and says when the next one opens', async () => {
    const world = await makeOne({ extra: CLOSED })
    const { code, stdout } = await world.run(['rotate'])
    expect(stdout).toMatch(
      /OUTSIDE_WINDOW: the next one opens at \d{4}-\d\d-\d\dT00:00Z \(.* UTC\)/,
    )
    expect(code).toBe(3)
    expect((await world.env())['DB_USER']).toBe(world.users.A)
    const status = json((await world.run(['status', '--json'])).stdout)
    expect(status).toMatchObject({ window: { open: false, opensAt: expect.any(String) } })
    const plan = await world.run(['plan'])
    expect(plan.stdout).toContain('Window: closed, opens at')
    expect(plan.code).toBe(0)
  })

  test('--force rotates, and that is recorded', async () => {
    const world = await makeOne({ extra: CLOSED })
    await world.edit((yaml) => `${yaml}audit: { path: audit.jsonl }\n`)
    const { code, stderr } = await world.run(['rotate', '--force', '--reason', 'leaked'])
    expect(stderr).toContain('outside of every window, forced; the next opens at')
    expect(code).toBe(0)
    const audit = await readFile(join(world.dir, 'audit.jsonl'), 'utf8')
    expect(audit).toMatch(/"reason":"leaked".*"code":"WINDOW_FORCED","opensAt":"\d{4}-/)
  })

  test('heal and an open rotation are not bound, and back-out is not either', async () => {
    const world = await makeOne({
      extra: OPEN,
      drain: '{ quiet: 200ms, limit: 2m, poll: 50ms }',
    })
    expect((await world.run(['status'])).stdout).toMatch(/\n +window +open\n/)
    const interrupt = async (): Promise<void> => {
      const straggler = await world.connectAsA('nightly-report')
      const rotate = world.start(['rotate'])
      await rotate.shows('waiting (')
      rotate.child.kill('SIGTERM')
      expect((await rotate.ended).code).toBe(5)
      await straggler.end()
    }
    await interrupt()
    await world.edit((yaml) => yaml.replace(OPEN, CLOSED))
    expect((await world.run(['back-out'])).code).toBe(0)
    expect((await world.run(['heal'])).code).toBe(0)
    await world.edit((yaml) => yaml.replace(CLOSED, OPEN))
    await interrupt()
    await world.edit((yaml) => yaml.replace(OPEN, CLOSED))
    const finished = json((await world.run(['rotate', '--json'])).stdout)
    expect(finished).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
  })
})

test.each([
  ['timezone: Europe/Belin', 'timezone is no time zone: give a name such as Europe/Berlin or UTC'],
  ['timezone: ""', 'timezone is no time zone'],
  ['timezone: UTC, days: [monday]', 'days.0 must be one of mon, tue'],
  ['timezone: UTC, days: []', 'days must name at least one day'],
  ['', 'timezone is missing'],
])('a window that cannot be is an error of the configuration: %s', async (part, told) => {
  const world = await makeOne({ extra: `windows: [{ from: "02:00", to: "04:00", ${part} }]` })
  const { code, stderr } = await world.run(['rotate'])
  expect(stderr).toContain(told)
  expect(code).toBe(2)
})
