// Goal: what was emitted is in the file, or the sink says that it is not. Method: real files that
// cannot be written for a while, and locks of processes that are dead, alive or elsewhere.
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EventPayload } from '../../domain/events.ts'
import { thisProcess } from '../common/process-identity.ts'
import { AuditSink } from './sink.ts'
import { verifyAuditFile } from './verify.ts'

let dir: string
let path: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cuedot-sink-'))
  path = join(dir, 'later/audit.jsonl')
})

afterEach(async () => {
  await rm(dir, { recursive: true })
})

const makeSink = (): AuditSink => {
  const now = (): Date => new Date('2026-01-01T00:00:00Z')
  return new AuditSink({ path, run: 'r1', by: 'alice', reason: 'a test', lockMs: 100, now })
}

const emit = (sink: AuditSink, payload: EventPayload): void =>
  sink.emit({ at: '2026-01-01T00:00:00.000Z', target: 'app', ...payload })

const settling = (waitMs: number): EventPayload => ({ code: 'STORE_SETTLING', waitMs })

async function linesOf(): Promise<readonly Record<string, unknown>[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  return lines.map((line): Record<string, unknown> => JSON.parse(line))
}

describe('a file that cannot be written for a while', () => {
  test('loses nothing: what was told meanwhile is written when it can be', async () => {
    const sink = makeSink()
    emit(sink, settling(1))
    emit(sink, settling(2))
    expect(sink.trouble?.details).toEqual({
      file: path,
      problem: 'its folder does not exist (ENOENT)',
    })
    expect(sink.unrecorded).toBe(2)
    await mkdir(join(dir, 'later'))
    emit(sink, settling(3))
    expect(sink.trouble).toBeUndefined()
    expect(sink.unrecorded).toBe(0)
    expect((await linesOf()).map((line) => line['waitMs'])).toEqual([1, 2, 3])
    expect(sink.head?.seq).toBe(3)
    expect(await verifyAuditFile(path)).toMatchObject({ ok: true, entries: 3 })
  })

  test('is tried once more at the end', async () => {
    const sink = makeSink()
    emit(sink, settling(1))
    await mkdir(join(dir, 'later'))
    sink.flush()
    expect(sink.trouble).toBeUndefined()
    expect(await linesOf()).toHaveLength(1)
  })

  test('keeps no more than it can hold, and says how many are lost', () => {
    const sink = makeSink()
    for (let n = 0; n < 2_010; n++) emit(sink, settling(n))
    expect(sink.unrecorded).toBe(2_010)
  })
})

describe('a wait', () => {
  test('is recorded when what it waits for changes, not at every look', async () => {
    await mkdir(join(dir, 'later'))
    const sink = makeSink()
    const waiting = { code: 'STEP_WAITING', step: 'drain', slot: 'A', waitedMs: 1 } as const
    for (const on of ['x', 'x', 'y', 'y', 'x']) emit(sink, { ...waiting, on })
    expect((await linesOf()).map((line) => line['on'])).toEqual(['x', 'y', 'x'])
  })
})

describe('a lock that somebody else has', () => {
  const GONE = { host: hostname(), pid: 2 ** 22 + 1, started: '', id: 'gone' }

  beforeEach(async () => {
    await mkdir(join(dir, 'later'))
  })

  test('is taken over from a process that is dead, and its remains are removed', async () => {
    await writeFile(`${path}.lock`, JSON.stringify(GONE))
    await writeFile(`${path}.lock.left`, JSON.stringify(GONE))
    const sink = makeSink()
    emit(sink, settling(1))
    expect(sink.trouble).toBeUndefined()
    expect((await readdir(join(dir, 'later'))).toSorted()).toEqual([
      'audit.jsonl',
      'audit.jsonl.head',
    ])
  })

  test('of a process that lives is waited for, and then named', async () => {
    await writeFile(`${path}.lock`, JSON.stringify({ ...thisProcess(), id: 'alive' }))
    const sink = makeSink()
    emit(sink, settling(1))
    const by = `process ${process.pid} on ${hostname()}`
    expect(sink.trouble?.details.problem).toBe(`the lock is held by ${by}`)
    await rm(`${path}.lock`)
    sink.flush()
    expect(await linesOf()).toHaveLength(1)
  })

  test('of another host is taken over when it is ten minutes old', async () => {
    await writeFile(`${path}.lock`, JSON.stringify({ ...GONE, host: 'elsewhere' }))
    const old = new Date(Date.now() - 601_000)
    await utimes(`${path}.lock`, old, old)
    const sink = makeSink()
    emit(sink, settling(1))
    expect(sink.trouble).toBeUndefined()
  })
})
