import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { errnoOf } from '../common/atomic-write.ts'
import { RotatorError } from '../../errors.ts'
import { BEGINNING, ChainReader } from './chain.ts'
import type { Break, Position } from './chain.ts'
import { AuditProblem, describeErrno, headPath, parseHead } from './head.ts'
import { pushLines, pushWhole } from './lines.ts'

/** What a check of an audit file has found. */
export interface AuditVerdict {
  readonly file: string
  /** True when nothing was changed, taken out, put in, moved or cut off. */
  readonly ok: boolean
  /** Entries that are right, from the first on. */
  readonly entries: number
  /** The last of them. */
  readonly head: Pick<Position, 'seq' | 'hash'>
  /** The first bad line of the file; for a cut, the first that is not there. */
  readonly broken?: Break
  /** Bytes at the end that a writer which was killed has left; the next one closes them. */
  readonly unfinishedBytes?: number
  /** True when a writer was killed after its last line and before it had written the head. */
  readonly unconfirmed?: true
  /** Unfinished lines in the middle that a later writer has closed. */
  readonly recovered: number
  /** The number (`seq`) of the entry whose hash was expected. */
  readonly expectedAt?: number
}

/** A head that somebody has kept elsewhere. */
export interface AuditExpectation {
  /** 64 hexadecimal digits: some line must have this hash. */
  readonly head?: string
}

/** A line of ours has a few hundred bytes. */
const LONGEST_LINE = 1 << 20

/** A writer that is at work changes the file between two looks at its head. */
const MOST_TRIES = 10

/**
 * Reads the whole of an audit file and judges it with its head file. Changes nothing and takes no
 * lock, so a copy without write permission can be checked; then its `.head` must be copied, too, or
 * a head be expected.
 * @throws ERR_AUDIT when the file cannot be read
 */
export async function verifyAuditFile(
  file: string,
  expected: AuditExpectation = {},
): Promise<AuditVerdict> {
  for (let tries = 1; ; tries++) {
    const before = await headText(file)
    const chain = await readChain(file, expected.head)
    const after = await headText(file)
    if (before === after || tries === MOST_TRIES) return judge({ file, ...chain }, after, expected)
  }
}

async function headText(file: string): Promise<string | undefined> {
  try {
    return await readFile(headPath(file), 'latin1')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw unreadable(headPath(file), error)
  }
}

interface Chain {
  readonly reader: ChainReader
  readonly expectedAt: number | undefined
}

async function readChain(file: string, wanted: string | undefined): Promise<Chain> {
  const reader = new ChainReader(BEGINNING)
  let expectedAt: number | undefined
  let rest: Uint8Array = Buffer.alloc(0)
  try {
    // A device or a pipe may never end.
    if (!(await stat(file)).isFile()) throw new AuditProblem('it is not a regular file')
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 16 })) {
      if (!(chunk instanceof Uint8Array)) continue
      rest = pushWhole(reader, rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), () => {
        if (wanted === reader.position.hash) expectedAt ??= reader.position.seq
      })
      if (reader.broken) break
      if (rest.length > LONGEST_LINE) throw new AuditProblem('it has a line of more than 1 MiB')
    }
  } catch (error) {
    throw unreadable(file, error)
  }
  if (rest.length > 0) reader.push(rest, false)
  return { reader, expectedAt }
}

function unreadable(file: string, error: unknown): RotatorError {
  const problem = error instanceof AuditProblem ? error.message : describeErrno(error)
  return new RotatorError('ERR_AUDIT', { file, problem })
}

/** As {@link verifyAuditFile}, of what is in memory already. */
export function verifyAuditBytes(
  bytes: Uint8Array,
  headFile: string | undefined,
  expected: AuditExpectation = {},
): AuditVerdict {
  const reader = new ChainReader(BEGINNING)
  pushLines(reader, bytes)
  return judge({ file: '', reader, expectedAt: undefined }, headFile, expected)
}

function judge(
  { file, reader, expectedAt }: Chain & { readonly file: string },
  headFile: string | undefined,
  expected: AuditExpectation,
): AuditVerdict {
  const { position, followed: entries, recovered } = reader
  const broken =
    reader.broken ?? headBreak(reader, headFile, expected) ?? expectedBreak(expectedAt, expected)
  const left = reader.unfinished?.length ?? 0
  const confirmed = headFile === undefined ? position.seq : (parseHead(headFile)?.seq ?? 0)
  return {
    file,
    ok: broken === undefined,
    entries,
    head: { seq: position.seq, hash: position.hash },
    recovered,
    ...(broken && { broken: { line: broken.line, problem: broken.problem } }),
    ...(!broken && left > 0 && { unfinishedBytes: left }),
    ...(!broken && confirmed < position.seq && { unconfirmed: true as const }),
    ...(expectedAt !== undefined && { expectedAt }),
  }
}

/** What the head says that the chain itself cannot. */
function headBreak(
  reader: ChainReader,
  headFile: string | undefined,
  expected: AuditExpectation,
): Break | undefined {
  const { position, before, unfinished } = reader
  const { next } = reader
  if (headFile === undefined) {
    if (position.seq <= 1 || expected.head !== undefined) return undefined
    const problem = 'may be missing: without the .head file a cut end cannot be told'
    return { line: next, problem }
  }
  const head = headFile === '' ? BEGINNING : parseHead(headFile)
  if (head === undefined) return { line: next, problem: 'is unknown: the .head file was changed' }
  if (head.seq > position.seq)
    return { line: next, problem: `is missing or cut off: the .head file has entry ${head.seq}` }
  if (head.seq === position.seq)
    return head.hash === position.hash && head.end === position.end
      ? undefined
      : { line: next - 1, problem: 'is not the one that the .head file names' }
  const isKilled = head.seq === position.seq - 1 && head.hash === before && !unfinished
  const problem = `was not written by cuedot: the .head file ends with entry ${head.seq}`
  return isKilled ? undefined : { line: next - (position.seq - head.seq), problem }
}

function expectedBreak(at: number | undefined, { head }: AuditExpectation): Break | undefined {
  if (head === undefined || at !== undefined) return undefined
  return { line: 1, problem: 'begins a file in which no line has the expected hash' }
}
