// Goal: a crash of a writer leaves a file that is right, and the next writer goes on from there.
// Method: files written by the real writer, with all that a kill at any moment can leave.
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RECOVERED, seal, sha256 } from './chain.ts'
import type { Position } from './chain.ts'
import { appendRecord } from './file.ts'
import { headPath } from './head.ts'
import { verifyAuditBytes, verifyAuditFile } from './verify.ts'

const LINES = 3

let folder: string
let count = 0
let bytes: Buffer
let head: Buffer
let last: Position

const append = (path: string, record: object = { code: 'TEST', n: count }): Position =>
  appendRecord(path, record, { stamp: { at: 'now' }, lockMs: 1_000 })

const fresh = (): string => join(folder, `audit-${count++}.jsonl`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cuedot-audit-'))
  const path = fresh()
  for (let n = 1; n <= LINES; n++) last = append(path, { code: 'TEST', n })
  bytes = await readFile(path)
  head = await readFile(headPath(path))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** The first and the last ones, where cases differ, and some between. */
function lengthsUpTo(most: number): readonly number[] {
  const all = Array.from({ length: most }, (_, n) => n + 1)
  return all.filter((n) => n < 12 || n > most - 12 || n % 17 === 0)
}

describe('a writer that was killed', () => {
  test('in mid-line leaves an unfinished end, and the next writer closes it', async () => {
    const next = seal({ code: 'TEST', text: 'never finished' }, last)
    for (const length of lengthsUpTo(next.length)) {
      const path = fresh()
      await writeFile(path, bytes, { mode: 0o600 })
      await writeFile(headPath(path), head, { mode: 0o600 })
      await appendFile(path, next.slice(0, length))
      const torn = await verifyAuditFile(path)
      expect(torn).toMatchObject({ ok: true, entries: LINES, unfinishedBytes: length })
      append(path)
      const closed = await verifyAuditFile(path)
      const recovered = length < next.length ? 1 : 0
      expect(closed, `${length}`).toMatchObject({ ok: true, entries: LINES + 2, recovered })
      expect(closed).not.toHaveProperty('unfinishedBytes')
    }
  })

  test('while it closed an unfinished line leaves one more, and the next closes both', async () => {
    const path = fresh()
    const position = append(path)
    const head1 = await readFile(headPath(path))
    await appendFile(path, '{"seq":2,')
    const torn = '{"seq":2,\n'
    const stamp = { at: 'now', code: RECOVERED, torn: { bytes: torn.length, sha256: sha256(torn) } }
    const closing = seal(stamp, { ...position, end: position.end + torn.length })
    const whole = `\n${closing}\n`
    const before = await readFile(path)
    for (const length of lengthsUpTo(whole.length - 1)) {
      await writeFile(path, Buffer.concat([before, Buffer.from(whole.slice(0, length))]))
      await writeFile(headPath(path), head1)
      expect(await verifyAuditFile(path), `${length}`).toMatchObject({ ok: true, entries: 1 })
      append(path)
      const after = await verifyAuditFile(path)
      expect(after, `${length}`).toMatchObject({ ok: true, entries: 3, recovered: 1 })
    }
  })

  test('before it wrote the head leaves a line that the next writer adopts', async () => {
    const path = fresh()
    append(path)
    const earlier = await readFile(headPath(path))
    append(path)
    await writeFile(headPath(path), earlier)
    expect(await verifyAuditFile(path)).toMatchObject({ ok: true, entries: 2, unconfirmed: true })
    expect(append(path, { code: 'NEXT' }).seq).toBe(3)
    expect(await verifyAuditFile(path)).toMatchObject({ ok: true, entries: 3 })
  })

  test('and one whose write failed after all of it do not leave a record twice', async () => {
    const path = fresh()
    append(path)
    const earlier = await readFile(headPath(path))
    append(path, { code: 'ONCE' })
    for (const cut of [0, 1]) {
      const text = await readFile(path)
      await writeFile(path, text.subarray(0, text.length - cut))
      await writeFile(headPath(path), earlier)
      expect(append(path, { code: 'ONCE' }).seq).toBe(2)
    }
    expect(await verifyAuditFile(path)).toMatchObject({ ok: true, entries: 2 })
    expect(append(path, { code: 'ONCE' }).seq).toBe(3)
  })

  test('what it left cannot be changed after it was closed', async () => {
    const path = fresh()
    append(path)
    await appendFile(path, '{"seq":2,"prev')
    append(path)
    const [text, confirmed] = [
      await readFile(path, 'utf8'),
      await readFile(headPath(path), 'latin1'),
    ]
    for (const changed of [
      text.replace('{"seq":2,"prev\n', '{"seq":2,"pre\n'),
      text.replace('{"seq":2,"prev\n', ''),
      text.replace('{"seq":2,"prev\n', '{"seq":2,"prev\n{"seq":2,"prev\n'),
    ])
      expect(verifyAuditBytes(Buffer.from(changed), confirmed).broken?.line).toBe(2)
  })
})
