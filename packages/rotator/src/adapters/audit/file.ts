import { closeSync, constants, existsSync, fstatSync } from 'node:fs'
import { fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { BEGINNING, ChainReader, RECOVERED, readLine, seal, sha256 } from './chain.ts'
import type { Position } from './chain.ts'
import {
  AuditProblem,
  headPath,
  openExisting,
  openOurs,
  readAt,
  readHead,
  writeHead,
} from './head.ts'
import { pushLines } from './lines.ts'
import { whileLocked } from './lock.ts'

/** What has been written after the last line that the head names is never more than this. */
const MOST_UNCONFIRMED = 1 << 20

/** The files of one audit, open and locked. */
interface Open {
  readonly fd: number
  readonly headFd: number
}

/**
 * Appends a record to an audit file as one line that is on disk when this returns. Processes
 * may take turns: each append takes the lock, finds the end of the chain and goes on from there.
 *
 * @param stamp - goes into the record that closes what a killed writer left
 * @returns where the chain ends now
 * @throws AuditProblem, AuditLockHeld, or a system error. A record that it threw for may be in the
 *   file: the next append adopts a whole line and closes half of one.
 */
export function appendRecord(
  path: string,
  record: object,
  { stamp, lockMs }: { readonly stamp: object; readonly lockMs: number },
): Position {
  return whileLocked(`${path}.lock`, lockMs, () =>
    withFiles(path, (open) => {
      const { head, position, adopted } = catchUp(open, stamp)
      // What a write that failed has left may be this very record.
      return adopted === `${seal(record, head)}\n` ? position : write(open, record, position)
    }),
  )
}

function withFiles<T>(path: string, work: (open: Open) => T): T {
  const isNew = !existsSync(path)
  if (!isNew) closeSync(openExisting(path))
  const headFd = openOurs(headPath(path), 'write')
  try {
    if (isNew && readHead(headFd).seq > 0)
      throw new AuditProblem('it is gone, and its .head file says that it had lines')
    const fd = openOurs(path, 'append')
    try {
      if (isNew) syncFolder(dirname(path))
      return work({ fd, headFd })
    } finally {
      closeSync(fd)
    }
  } finally {
    // Beside a file that is not ours nothing is left.
    if (fstatSync(headFd).size === 0) unlinkSync(headPath(path))
    closeSync(headFd)
  }
}

/** Both names must be on disk, too, before anything is said to be recorded. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Where the chain ends, by the head and after what was left behind it has been dealt with. */
interface CaughtUp {
  readonly head: Position
  readonly position: Position
  /** The text of a line that had no head yet. */
  readonly adopted?: string
}

/** Finds the end of the chain: adopts a line that is whole, and closes one that is not. */
function catchUp(open: Open, stamp: object): CaughtUp {
  const head = readHead(open.headFd)
  const { size } = fstatSync(open.fd)
  if (size < head.end) throw new AuditProblem(`it was cut: entry ${head.seq} is not whole any more`)
  if (size - head.end > MOST_UNCONFIRMED) throw notOurs(head)
  const bytes = readAt(open.fd, head.start, size - head.start)
  const last = readLine(bytes.subarray(0, head.end - head.start - 1))
  if (head.seq > 0 && (typeof last === 'string' || last.hash !== head.hash))
    throw new AuditProblem(`entry ${head.seq} is not the one that its .head file names`)
  const left = bytes.subarray(head.end - head.start)
  return left.length === 0 ? { head, position: head } : settle(open, head, left, stamp)
}

/** Deals with what a killed writer has left after the last line that the head names. */
function settle(open: Open, head: Position, left: Buffer, stamp: object): CaughtUp {
  const ended = left.at(-1) === NEWLINE
  const whole = ended ? left : Buffer.concat([left, Buffer.from('\n')])
  const reader = new ChainReader(head)
  pushLines(reader, whole)
  const { broken, unfinished, followed, position } = reader
  if (broken || followed > 1 || (followed === 1 && unfinished)) throw notOurs(head)
  if (unfinished === undefined) {
    if (!ended) append(open, '\n')
    writeHead(open.headFd, position)
    return { head, position, adopted: whole.toString('utf8') }
  }
  const torn = { bytes: whole.length, sha256: sha256(whole) }
  const after = { ...head, end: head.end + whole.length }
  const closing = { ...stamp, code: RECOVERED, torn }
  return { head, position: write(open, closing, after, ended ? '' : '\n') }
}

const NEWLINE = 0x0a

function notOurs(head: Position): AuditProblem {
  const where = head.seq === BEGINNING.seq ? 'it holds' : `after entry ${head.seq} it has`
  return new AuditProblem(`${where} something that cuedot has not written`)
}

/** `before` closes an unfinished line; it counts as part of that line. */
function write(open: Open, record: object, after: Position, before = ''): Position {
  const line = seal(record, after)
  append(open, `${before}${line}\n`)
  const found = readLine(Buffer.from(line))
  if (typeof found === 'string') throw new Error('a line that was just made cannot be read')
  const start = after.end
  const end = start + Buffer.byteLength(line) + 1
  const position = { seq: found.seq, start, end, hash: found.hash }
  writeHead(open.headFd, position)
  return position
}

/** One write, so that a process that is killed leaves all of it or nothing, and then the disk. */
function append({ fd }: Open, text: string): void {
  const bytes = Buffer.from(text)
  if (writeSync(fd, bytes) !== bytes.length)
    throw new AuditProblem('a line could only be written in part: is the disk full?')
  fsyncSync(fd)
}
