// Goal: whatever happens to an audit file, a check sees it, and a crash is not called tampering.
// Method: files written by the real writer, changed in every way, then checked.
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BEGINNING, readLine, seal, sha256 } from './chain.ts'
import type { Position } from './chain.ts'
import { appendRecord } from './file.ts'
import { headPath } from './head.ts'
import { verifyAuditBytes, verifyAuditFile } from './verify.ts'
import type { AuditVerdict } from './verify.ts'

const LINES = 3

let folder: string
let count = 0
let bytes: Buffer
let head: Buffer

const append = (path: string, record: object = { code: 'TEST', n: count }): Position =>
  appendRecord(path, record, { stamp: { at: 'now' }, lockMs: 1_000 })

const fresh = (): string => join(folder, `audit-${count++}.jsonl`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cuedot-audit-'))
  const path = fresh()
  for (let n = 1; n <= LINES; n++) append(path, { code: 'TEST', n, text: 'ü\n' })
  bytes = await readFile(path)
  head = await readFile(headPath(path))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** A copy of the file that was changed, with the head as it was or another. */
async function judged(
  changed: Uint8Array,
  { head: other = head }: { readonly head?: Uint8Array } = {},
): Promise<AuditVerdict> {
  const path = fresh()
  await writeFile(path, changed, { mode: 0o600 })
  await writeFile(headPath(path), other, { mode: 0o600 })
  return await verifyAuditFile(path)
}

const judgedBytes = (changed: Uint8Array): AuditVerdict =>
  verifyAuditBytes(changed, head.toString('latin1'))

const lines = (): string[] => bytes.toString('utf8').trimEnd().split('\n')
const joined = (parts: readonly string[]): Buffer =>
  Buffer.from(parts.map((l) => `${l}\n`).join(''))
const anyLine = fc.integer({ min: 0, max: LINES - 1 })

describe('a file that nobody has touched', () => {
  test('is whole, and its last hash is told', async () => {
    const verdict = await judged(bytes)
    const last = readLine(Buffer.from(lines().at(-1) ?? ''))
    expect(verdict).toMatchObject({ ok: true, entries: LINES, recovered: 0 })
    expect(verdict.head).toEqual({ seq: LINES, hash: typeof last === 'string' ? '' : last.hash })
    expect(verdict).not.toHaveProperty('unfinishedBytes')
    expect(verdict).not.toHaveProperty('unconfirmed')
  })

  test('can be checked with a shell: the hash is that of the bytes before it', () => {
    for (const line of lines()) {
      const [, body, hash] = /^(.*),"hash":"([0-9a-f]{64})"\}$/.exec(line) ?? []
      expect(sha256(body ?? '')).toBe(hash)
    }
  })

  test('has expected heads, and no other hash', async () => {
    const path = fresh()
    const heads = [append(path), append(path), append(path)].map(({ hash }) => hash)
    for (const [index, hash] of heads.entries())
      expect(await verifyAuditFile(path, { head: hash })).toMatchObject({
        ok: true,
        expectedAt: index + 1,
      })
    const other = await verifyAuditFile(path, { head: sha256('other') })
    expect(other).toMatchObject({ ok: false, entries: 3 })
  })
})

describe('a file that somebody has touched is found out', () => {
  test('when any one byte is another', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      const line = bytes.subarray(0, at).toString('latin1').split('\n').length
      const { ok, broken } = judgedBytes(changed)
      expect({ at, ok, line: broken?.line }).toEqual({ at, ok: false, line })
    }
  })

  test('when any one byte is any other, or is gone, or is twice there', () => {
    const place = fc.integer({ min: 0, max: bytes.length - 1 })
    fc.assert(
      fc.property(place, fc.integer({ min: 0, max: 255 }), (at, value) => {
        fc.pre(bytes[at] !== value)
        const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + 1)]
        const put = Buffer.concat([before, Buffer.from([value]), after])
        const gone = Buffer.concat([before, after])
        const twice = Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)])
        for (const changed of [put, gone, twice]) expect(judgedBytes(changed).ok).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  test('when a line is gone, and says which', async () => {
    for (let at = 0; at < LINES; at++) {
      const { ok, broken } = await judged(joined(lines().toSpliced(at, 1)))
      expect({ ok, line: broken?.line }).toEqual({ ok: false, line: at + 1 })
      expect(broken?.problem).toContain(at < LINES - 1 ? `entry ${at + 1} is missing` : 'cut off')
    }
  })

  test('when two lines have changed places', async () => {
    await fc.assert(
      fc.asyncProperty(anyLine, anyLine, async (a, b) => {
        fc.pre(a !== b)
        const swapped = lines()
        ;[swapped[a], swapped[b]] = [swapped[b] ?? '', swapped[a] ?? '']
        expect((await judged(joined(swapped))).broken?.line).toBe(Math.min(a, b) + 1)
      }),
      { numRuns: 40 },
    )
  })

  test('when a line is twice there, wherever', async () => {
    await fc.assert(
      fc.asyncProperty(anyLine, fc.integer({ min: 0, max: LINES }), async (from, to) => {
        const line = lines()[from] ?? ''
        const { ok, broken } = await judged(joined(lines().toSpliced(to, 0, line)))
        expect(ok).toBe(false)
        expect(broken?.line).toBe(to === from ? from + 2 : to + 1)
      }),
      { numRuns: 40 },
    )
  })

  test('when a line was put in, whatever it is', async () => {
    const forged = (at: number): string => {
      const before = readLine(Buffer.from(lines()[at - 1] ?? ''))
      const { seq, hash } = typeof before === 'string' ? BEGINNING : before
      return seal({ code: 'FORGED' }, { ...BEGINNING, seq, hash })
    }
    const text = fc.oneof(fc.constant(''), fc.constant('{}'), fc.string(), fc.constant('forged'))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: LINES }), text, async (at, put) => {
        const line = put === 'forged' ? forged(at) : put.replaceAll('\n', ' ')
        // A line that is right and has no head yet is what a killed writer leaves.
        fc.pre(!(put === 'forged' && at === LINES))
        expect((await judged(joined(lines().toSpliced(at, 0, line)))).ok).toBe(false)
      }),
      { numRuns: 100 },
    )
  })

  test('when it was cut anywhere, within a line or between two', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(judgedBytes(bytes.subarray(0, length)).ok, `cut to ${length}`).toBe(false)
  })

  test('when lines were added that no writer has confirmed', async () => {
    const path = fresh()
    for (let n = 1; n <= LINES; n++) append(path)
    const [both, earlier] = [await readFile(path), head]
    expect(earlier).toHaveLength((await readFile(headPath(path))).length)
    const twoBehind = headText(positionOf(both, LINES - 2))
    expect(await judged(both, { head: twoBehind })).toMatchObject({
      ok: false,
      broken: { line: LINES - 1 },
    })
  })

  test('when any one byte of its head is another', async () => {
    for (let at = 0; at < head.length; at++) {
      const changed = Buffer.from(head)
      changed[at] = (changed[at] ?? 0) ^ 1
      // The third number is where the line ends, the second where it begins: for writers.
      const isStart = at > 16 && at < 33
      expect((await judged(bytes, { head: changed })).ok, `byte ${at}`).toBe(isStart)
    }
  })

  test('when its head is gone', async () => {
    const path = fresh()
    for (let n = 1; n <= 2; n++) append(path)
    await unlink(headPath(path))
    expect(await verifyAuditFile(path)).toMatchObject({ ok: false, broken: { line: 3 } })
  })
})

function positionOf(file: Buffer, seq: number): Position {
  let position = BEGINNING
  for (const line of file.toString('utf8').split('\n').slice(0, seq)) {
    const read = readLine(Buffer.from(line))
    if (typeof read === 'string') throw new Error(read)
    const start = position.end
    position = { seq: read.seq, start, end: start + Buffer.byteLength(line) + 1, hash: read.hash }
  }
  return position
}

function headText({ seq, start, end, hash }: Position): Buffer {
  const numbers = [seq, start, end].map((number) => String(number).padStart(16, '0'))
  return Buffer.from(`${[...numbers, hash].join(' ')}\n`)
}

describe('what is no audit file', () => {
  test('is said to be none, however long it is', async () => {
    const path = fresh()
    await writeFile(path, Buffer.alloc(3 << 20))
    await expect(verifyAuditFile(path)).rejects.toMatchObject({
      code: 'ERR_AUDIT',
      details: { problem: 'it has a line of more than 1 MiB' },
    })
    await writeFile(path, 'DB_USER=app\n')
    expect((await verifyAuditFile(path)).broken).toEqual({
      line: 1,
      problem: 'is no whole line of an audit file',
    })
    for (const other of ['/dev/full', folder])
      await expect(verifyAuditFile(other)).rejects.toThrow('it is not a regular file')
    await expect(verifyAuditFile(join(folder, 'none'))).rejects.toThrow('ENOENT')
  })
})
