// Goal: what a run does is recorded, or it does not begin; and nothing can be done to the record
// unseen. Method: the command line on a real database, real files, real kills, a file that may not
// grow.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { verifyAuditFile } from '../src/adapters/audit/verify.ts'
import { json, useCliSuite } from './cli-fixture.ts'
import type { CliWorld } from './cli-fixture.ts'
import { PROGRAM } from './cli-process.ts'

const { makeOne } = useCliSuite()

async function audited(path = 'audit.jsonl'): Promise<CliWorld> {
  const world = await makeOne()
  await world.edit((yaml) => `${yaml}audit: { path: ${path} }\n`)
  return world
}

async function linesOf(world: CliWorld): Promise<readonly Record<string, unknown>[]> {
  const content = await readFile(join(world.dir, 'audit.jsonl'), 'utf8')
  return content.trimEnd().split('\n').map(json)
}

describe('a recorded rotation', () => {
  test('says who, why, which versions, what proved the login and what the drain saw', async () => {
    const world = await audited()
    expect((await world.run(['verify'])).stdout).toMatch(/audit +.*is made by the first run/)
    const args = ['rotate', '--json', '--by', 'alice', '--reason', 'CHG-7']
    const { code, stdout } = await world.run(args)
    expect(code).toBe(0)
    const lines = await linesOf(world)
    expect(lines[0]).toMatchObject({ seq: 1, code: 'RUN_STARTED', intent: 'rotate' })
    const who = { by: 'alice', reason: 'CHG-7', target: 'app', run: lines[0]?.['run'] }
    for (const line of lines) expect(line).toMatchObject(who)
    const { rotationId, audit } = json(stdout)
    const applied = (step: string): unknown =>
      lines.find((line) => line['code'] === 'STEP_APPLIED' && line['step'] === step)
    expect(applied('open')).toMatchObject({ rotationId, versions: { pending: expect.anything() } })
    expect(applied('set')).toMatchObject({ evidence: { loggedInOn: [expect.anything()] } })
    expect(applied('drain')).toMatchObject({
      evidence: { mostSessions: 0, countedOn: [expect.anything()] },
    })
    expect(applied('close')).toMatchObject({ rotationId })
    expect(lines.at(-1)).toMatchObject({ code: 'RUN_ENDED', outcome: 'rotated', rotationId })
    expect(audit).toMatchObject({ seq: lines.length, head: lines.at(-1)?.['hash'] })
  })

  test('is whole, and found out when it was changed', async () => {
    const world = await audited()
    const rotated = await world.run(['rotate'])
    const [, head = ''] =
      /Recorded in .* up to entry \d+, ([0-9a-f]{64})/.exec(rotated.stdout) ?? []
    const whole = await world.run(['audit', 'verify', '--expect-head', head])
    expect(whole.stdout).toMatch(/is whole: \d+ entries are right; entry \d+ is the expected one\./)
    expect(whole.code).toBe(0)
    const file = join(world.dir, 'audit.jsonl')
    await writeFile(file, (await readFile(file, 'utf8')).replace('"step":"flip"', '"step":"stage"'))
    const changed = await world.run(['audit', 'verify', 'audit.jsonl', '--json'])
    expect(json(changed.stdout)).toMatchObject({
      ok: false,
      broken: { problem: expect.stringContaining('was changed') },
    })
    expect(changed.code).toBe(3)
    expect((await world.run(['audit', 'verify', '--expect-head', 'abc'])).code).toBe(2)
    expect((await world.run(['audit', 'verify', 'nowhere.jsonl'])).stderr).toContain('ENOENT')
  })

  test('goes on where two targets are rotated at once', async () => {
    const worlds = [await audited(), await audited()] as const
    const [first, second] = worlds
    await second.edit((yaml) =>
      // Targets of one name are one target, and share a lock.
      yaml.replace('  app:', '  other:').replace('path: audit', `path: ${first.dir}/audit`),
    )
    const ended = await Promise.all(worlds.map((world) => world.run(['rotate'])))
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    const verdict = await verifyAuditFile(join(first.dir, 'audit.jsonl'))
    expect(verdict).toMatchObject({ ok: true, recovered: 0 })
    const runs = new Set((await linesOf(first)).map((line) => line['run']))
    expect(runs.size).toBe(2)
  })
})

describe('a run that cannot be recorded does not begin', () => {
  test.each<[string, string, (dir: string) => Promise<unknown>]>([
    ['in a folder that is not there', 'its folder does not exist', async () => undefined],
    ['in a folder', 'it is a folder', (dir) => mkdir(join(dir, 'gone/audit'), { recursive: true })],
    ['in a device', 'it is not a regular file', (dir) => linkFolder(dir, '/dev')],
    ['behind a link', 'it is a symbolic link', (dir) => linked(dir)],
    ['that others may read', 'mode 644', (dir) => put(dir, '', 0o644)],
    ['that is another file', 'it holds something', (dir) => put(dir, 'OTHER=1\n', 0o600)],
    ['that begins like one', 'it holds something', (dir) => put(dir, '{"seq":1}\n', 0o600)],
  ])('%s', async (name, told, arrange) => {
    const world = await audited(name === 'in a device' ? 'gone/full' : 'gone/audit')
    await arrange(world.dir)
    const before = await world.env()
    const verify = await world.run(['verify'])
    expect(verify.stdout).toMatch(/failed +audit +The audit file cannot be used/)
    expect(verify.code).toBe(3)
    const { code, stdout, stderr } = await world.run(['rotate'])
    expect(stdout).toContain('What happened: The audit file cannot be used. (ERR_AUDIT; file: ')
    expect(stdout).toContain(told)
    expect(stdout).toContain('this run has changed nothing')
    expect(stderr).toContain('NOT RECORDED: ')
    expect(code).toBe(1)
    expect(await world.env()).toEqual(before)
  })

  test('after its end was cut off', async () => {
    const world = await audited()
    await world.run(['heal'])
    const file = join(world.dir, 'audit.jsonl')
    await writeFile(file, (await readFile(file, 'utf8')).split('\n').slice(0, 1).join('\n') + '\n')
    const { code, stdout } = await world.run(['rotate'])
    expect(stdout).toContain('it was cut: entry 2 is not whole any more')
    expect(code).toBe(1)
  })
})

async function put(dir: string, content: string, mode: number): Promise<void> {
  await mkdir(join(dir, 'gone'))
  await writeFile(join(dir, 'gone/audit'), content)
  await chmod(join(dir, 'gone/audit'), mode)
}

async function linked(dir: string): Promise<void> {
  await mkdir(join(dir, 'gone'))
  await writeFile(join(dir, 'elsewhere'), '', { mode: 0o600 })
  await symlink(join(dir, 'elsewhere'), join(dir, 'gone/audit'))
}

async function linkFolder(dir: string, to: string): Promise<void> {
  await symlink(to, join(dir, 'gone'))
}

test('a disk that fills up does not stop a rotation half-way, and is told loudly', async () => {
  const world = await audited()
  // No file may grow over 6 KiB: the secrets stay below it, the audit file does not.
  const script = 'trap "" XFSZ; ulimit -f 6; exec "$0" "$@"'
  const argv = ['-c', script, process.execPath, PROGRAM, 'rotate', '--json']
  const child = spawn('bash', argv, { cwd: world.dir, stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  expect(await closed).toEqual([3, null])
  expect(json(stdout)).toMatchObject({
    outcome: 'rotated',
    audit: { unrecorded: expect.any(Number), problem: expect.stringMatching(/full|EFBIG/) },
  })
  expect(stderr).toContain('NOT RECORDED: The audit file cannot be used. (ERR_AUDIT')
  const torn = await verifyAuditFile(join(world.dir, 'audit.jsonl'))
  expect(torn).toMatchObject({ ok: true, unfinishedBytes: expect.any(Number) })
  expect((await world.run(['heal'])).code).toBe(0)
  const closedAgain = await verifyAuditFile(join(world.dir, 'audit.jsonl'))
  expect(closedAgain).toMatchObject({ ok: true, recovered: 1, entries: torn.entries + 3 })
})

test('whenever writers are killed, the file is right and the next one goes on', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-audit-'))
  const path = join(dir, 'audit.jsonl')
  const program = fileURLToPath(new URL('audit-writer.ts', import.meta.url))
  let lines = 0
  for (let round = 0; round < 8; round++) {
    const writers = [0, 1].map(() =>
      spawn(process.execPath, ['--conditions=cuedot-source', program, path]),
    )
    await Promise.all(writers.map((writer) => once(writer.stdout, 'data')))
    // Enough for some lines of each; where in a line the kill strikes is left to chance.
    await expect
      .poll(async () => (await verifyAuditFile(path)).entries, { timeout: 20_000 })
      .toBeGreaterThan(lines + 10 + Math.random() * 20)
    for (const writer of writers) writer.kill('SIGKILL')
    await Promise.all(writers.map((writer) => once(writer, 'close')))
    const verdict = await verifyAuditFile(path)
    expect(verdict.broken).toBeUndefined()
    lines = verdict.entries
  }
  await rm(dir, { recursive: true })
  expect(lines).toBeGreaterThan(80)
})
