// Goal: a run under an approved plan does what was approved or nothing, and what it has begun can
// be finished under the same plan. Method: the command line on a real database, killed half-way.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { json, useCliSuite } from './cli-fixture.ts'
import type { CliWorld } from './cli-fixture.ts'
import type { CliResult } from './cli-process.ts'

const { makeOne, server } = useCliSuite()

async function hashOf(world: CliWorld, file = 'p.plan'): Promise<string> {
  const { hash } = json(await readFile(join(world.dir, file), 'utf8'))
  return typeof hash === 'string' ? hash : ''
}

describe('an approved plan', () => {
  test('is carried out once, and named in the record of the secret and of the run', async () => {
    const world = await makeOne()
    await world.edit((yaml) => `${yaml}audit: { path: audit.jsonl }\n`)
    const planned = await world.run(['plan', '--out', 'p.plan', '--json', '--reason', 'CHG-1'])
    const hash = await hashOf(world)
    expect(json(planned.stdout)).toMatchObject({ file: { path: 'p.plan', hash } })
    const rotated = await world.run(['rotate', '--plan', 'p.plan', '--approved', hash, '--json'])
    expect(json(rotated.stdout)).toMatchObject({ outcome: 'rotated', plan: hash })
    expect(rotated.code).toBe(0)
    const again = await world.run(['rotate', '--plan', 'p.plan'])
    expect(again.stdout).toContain(`The approved plan ${hash.slice(0, 12)} is carried out already`)
    expect(again.stdout).toContain('Slot B is active')
    expect(again.code).toBe(0)
    const [first = ''] = (await readFile(join(world.dir, 'audit.jsonl'), 'utf8')).split('\n')
    expect(json(first)).toMatchObject({ code: 'RUN_STARTED', plan: hash })
  })

  test('is refused with all that differs when the world has moved on', async () => {
    const world = await makeOne()
    await world.run(['plan', '--out', 'p.plan'])
    expect((await world.run(['rotate'])).code).toBe(0)
    const before = await world.env()
    const { code, stdout } = await world.run(['rotate', '--plan', 'p.plan'])
    expect(stdout).toMatch(/PLAN_DRIFTED: current version: approved .*, now .*; active slot: appr/)
    expect(stdout).toContain('active slot: approved A, now B')
    expect(stdout).toContain('actions that were not approved: open A')
    expect(code).toBe(3)
    expect(await world.env()).toEqual(before)
  })

  test('is refused when the target is configured otherwise, and not for a comment', async () => {
    const world = await makeOne()
    await world.run(['plan', '--out', 'p.plan'])
    await world.edit((yaml) => `# a comment\n${yaml.replace('limit: 5s', 'limit: 6s')}`)
    const { code, stdout } = await world.run(['rotate', '--plan', 'p.plan'])
    expect(stdout).toContain('PLAN_DRIFTED: configuration of the target (hash): approved ')
    expect(code).toBe(3)
    await world.edit((yaml) => yaml.replace('limit: 6s', 'limit: 5s'))
    expect((await world.run(['rotate', '--plan', 'p.plan'])).code).toBe(0)
  })

  test('can be finished by the next run under it when the first is killed half-way', async () => {
    const script = 'until test -e go; do sleep 0.05; done'
    const world = await makeOne({
      roll: `[{ id: web, kind: command, argv: [sh, -c, "${script}"] }]`,
    })
    await world.run(['plan', '--out', 'p.plan'])
    await world.run(['plan', '--out', 'other.plan', '--reason', 'another'])
    const rotate = world.start(['rotate', '--plan', 'p.plan'])
    await rotate.shows('roll B at web: Have')
    rotate.child.kill('SIGKILL')
    await rotate.ended
    // The server needs a moment to notice that the first run is gone.
    const unlocked = async (plan: string): Promise<CliResult> => {
      const result = await world.run(['rotate', '--plan', plan, '--json'])
      expect(result.code).not.toBe(6)
      return result
    }
    const wait = { timeout: 30_000 }
    const other = await vi.waitFor(() => unlocked('other.plan'), wait)
    expect(json(other.stdout)).toMatchObject({ outcome: 'refused', code: 'PLAN_DRIFTED' })
    await writeFile(join(world.dir, 'go'), '')
    const finished = await vi.waitFor(() => unlocked('p.plan'), wait)
    expect(json(finished.stdout)).toMatchObject({ outcome: 'rotated', activeSlot: 'B' })
    expect((await world.run(['rotate', '--plan', 'p.plan'])).stdout).toContain(
      'carried out already',
    )
  })
})

describe('a plan file that cannot be used ends with 2 and changes nothing', () => {
  test.each<[string, (plan: string) => string, string]>([
    ['edited', (plan) => plan.replace('"slot": "B"', '"slot": "A"'), 'it was edited after it was'],
    ['with another hash', (plan) => plan.replace(/"hash": "\w/, '"hash": "x'), 'it is no plan'],
    ['with more in it', (plan) => plan.replace('{', '{"more": 1,'), 'it is no plan'],
    ['cut off', (plan) => plan.slice(0, 200), 'it is not JSON'],
    ['empty', () => '', 'it is not JSON'],
    ['of something else', () => '{"canary": "in-a-file"}', 'it is no plan: look at'],
  ])('%s', async (_name, change, told) => {
    const world = await makeOne()
    await world.run(['plan', '--out', 'p.plan'])
    const file = join(world.dir, 'p.plan')
    await writeFile(file, change(await readFile(file, 'utf8')))
    const { code, stdout, stderr } = await world.run(['rotate', '--plan', 'p.plan'])
    expect(stderr).toContain('(ERR_PLAN; file: p.plan, problem: ')
    expect(stderr).toContain(told)
    expect(stderr).toContain('Nothing was changed.')
    expect(stderr + stdout).not.toContain('in-a-file')
    expect(code).toBe(2)
  })

  test('another than the approved, of another target or command, and none at all', async () => {
    const world = await makeOne()
    await world.run(['plan', '--out', 'p.plan'])
    const run = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await world.run(args)
      expect(code, args.join(' ')).toBe(2)
      return stderr
    }
    expect(await run('rotate', '--plan', 'p.plan', '--approved', 'abc')).toContain(
      'abc was approve',
    )
    expect(await run('heal', '--plan', 'p.plan')).toContain('is a plan for `cuedot rotate`')
    expect(await run('rotate', '--approved', 'abc')).toContain('without a plan')
    expect(await run('rotate', '--plan', 'none.plan')).toContain('there is no such file')
    expect(await run('plan', '--out', 'p.plan')).toContain('there is such a file already')
    await world.edit((yaml) => yaml.replace('  app:', '  shop:'))
    expect(await run('rotate', 'shop', '--plan', 'p.plan')).toContain(
      'for target app, not for shop',
    )
    expect(await run('rotate', '--plan', 'p.plan')).toContain('There is no target of this name')
  })
})

test('no plan is written where the run would be refused', async () => {
  const world = await makeOne()
  await server().sql(`ALTER ROLE ${world.users.A} PASSWORD NULL`)
  const { code, stdout } = await world.run(['plan', '--out', 'p.plan'])
  expect(stdout).toContain('Refused: ')
  expect(code).toBe(3)
  await expect(readFile(join(world.dir, 'p.plan'))).rejects.toThrow('ENOENT')
})
