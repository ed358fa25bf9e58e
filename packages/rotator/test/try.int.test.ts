import { execFile, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { xmlProblem } from './xml.ts'

const BIN = fileURLToPath(new URL('../bin/cuedot.js', import.meta.url))
const NOBODY = 65534

/** A folder for the demo's temp files and drawing; every process of the demo has its name. */
async function folder(owner = 0): Promise<{ tmp: string; svg: string } & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-try-test-'))
  const tmp = join(dir, 'tmp')
  await mkdir(tmp)
  for (const path of [dir, tmp]) {
    await chmod(path, 0o755)
    if (owner !== 0) await chown(path, owner, owner)
  }
  const svg = join(dir, 'timeline.svg')
  return { tmp, svg, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

/** Process ids whose arguments or environment name the folder, without our own. */
function processesOf(tmp: string): readonly number[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      // It has ended meanwhile.
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => `${read(pid, 'cmdline')}${read(pid, 'environ')}`.includes(tmp))
    .map(Number)
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the demo to its end. */
async function demo(argv: readonly string[], tmp: string): Promise<Ended> {
  const [program = '', ...args] = argv
  const env = { PATH: process.env['PATH'], TMPDIR: tmp }
  try {
    return { code: 0, ...(await promisify(execFile)(program, args, { env, cwd: tmp })) }
  } catch (error) {
    return error as Ended
  }
}

const commandLine = (svg: string): string[] => [
  process.execPath,
  BIN,
  'try',
  '--quick',
  '--svg',
  svg,
]

interface Running {
  readonly child: ChildProcess
  /** What it has printed on both streams. */
  said(): string
}

/** Starts the demo and resolves once its workers have served and the first rotation begins. */
async function startDemo(at: { tmp: string; svg: string }): Promise<Running> {
  const [program = '', ...args] = commandLine(at.svg)
  const env = { PATH: process.env['PATH'], TMPDIR: at.tmp }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await vi.waitFor(() => expect(said).toContain('Rotation 1'), 30_000)
  return { child, said: () => said }
}

function expectNothingLeft(tmp: string): void {
  expect(processesOf(tmp)).toEqual([])
  expect(readdirSync(tmp)).toEqual([])
}

async function expectGoodShow(ended: Ended, at: { tmp: string; svg: string }): Promise<void> {
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  expect(ended.stdout).toMatch(
    /1 +killed at a random point, run again +killed, then rotated +app_b/,
  )
  expect(ended.stdout).toMatch(/2 +new workers are not well +backed out +app_b/)
  expect(ended.stdout).toMatch(/^[\d,]+ requests served, 0 failed, [\d,]+ rows written/m)
  expect(ended.stdout).toContain('at the start are refused by now')
  expect(ended.stdout).toContain(at.svg)
  for (const kind of ['pooled', 'fresh', 'long'])
    expect(ended.stdout).toMatch(new RegExp(String.raw`^${kind} +[1-9][\d,]* +0 `, 'm'))
  expect(xmlProblem(await readFile(at.svg, 'utf8'))).toBeUndefined()
  expectNothingLeft(at.tmp)
}

const SEES_PROCESSES = existsSync('/proc/self/environ')
if (!SEES_PROCESSES) console.warn('no tests of the demo: it looks for processes in /proc')

describe.skipIf(!SEES_PROCESSES)('the demo', () => {
  test('serves every request while one rotation is killed and one is backed out', async () => {
    await using at = await folder()
    await expectGoodShow(await demo(commandLine(at.svg), at.tmp), at)
  })

  test('runs as an ordinary user, too', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'this is an ordinary user: the test above has shown it')
    const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    const [program, ...args] = [...asNobody, process.execPath, BIN, '--version']
    const { status } = spawnSync(program, args, { cwd: '/' })
    skip(status !== 0, 'setpriv is missing, or nobody cannot read this checkout')
    await using at = await folder(NOBODY)
    await expectGoodShow(await demo([...asNobody, ...commandLine(at.svg)], at.tmp), at)
  })

  test('fails when a request failed, and says how', async () => {
    await using at = await folder()
    const { child, said } = await startDemo(at)
    process.kill(workerOf(at.tmp), 'SIGKILL')
    await once(child, 'close')
    expect(child.exitCode).toBe(1)
    expect(said()).toMatch(/^NOT AS EXPECTED: [1-9]\d* failed: status 502/m)
    expectNothingLeft(at.tmp)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('ends everything on %s', async (signal) => {
    await using at = await folder()
    const { child } = await startDemo(at)
    child.kill(signal)
    await once(child, 'exit')
    expect(child.exitCode).toBe(1)
    expectNothingLeft(at.tmp)
  })

  test('leaves nothing running and nothing behind also when it is killed itself', async () => {
    await using at = await folder()
    const { child } = await startDemo(at)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await vi.waitFor(() => expectNothingLeft(at.tmp), 20_000)
  })

  test('refuses a drawing that it could not write before it starts anything', async () => {
    await using at = await folder()
    const svg = join(at.tmp, 'no', 'such', 'timeline.svg')
    const { code, stderr } = await demo(commandLine(svg), at.tmp)
    expect(code).toBe(1)
    expect(stderr).toContain('--svg FILE')
    expectNothingLeft(at.tmp)
  })
})

/** The process id of one of the workers that the demo starts with. */
function workerOf(tmp: string): number {
  const isFirst = (pid: number): boolean =>
    readFileSync(`/proc/${pid}/environ`, 'utf8').includes('CUEDOT_TRY_WORKER=web-1\0')
  const found = processesOf(tmp).find(isFirst)
  if (found === undefined) throw new Error('the first worker is not there')
  return found
}
