import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { errnoOf } from '../common/atomic-write.ts'
import { BEGINNING } from './chain.ts'
import type { Position } from './chain.ts'

/** What keeps an audit file from being used; the message is a sentence without the file's name. */
export class AuditProblem extends Error {
  override readonly name = 'AuditProblem'
}

/**
 * The head: a file beside the audit file that says which line is the last one. A chain alone cannot
 * show that its end was cut off. One line of fixed length, so that one write replaces it whole:
 * `seq start end hash`, the numbers with 16 digits.
 */
export function headPath(file: string): string {
  return `${file}.head`
}

const HEAD = /^(\d{16}) (\d{16}) (\d{16}) ([0-9a-f]{64})\n$/

/** @returns undefined where the text is no head */
export function parseHead(text: string): Position | undefined {
  const [, seq, start, end, hash] = HEAD.exec(text) ?? []
  if (hash === undefined) return undefined
  return { seq: Number(seq), start: Number(start), end: Number(end), hash }
}

function headText({ seq, start, end, hash }: Position): string {
  const [a, b, c] = [seq, start, end].map((number) => String(number).padStart(16, '0'))
  return `${a} ${b} ${c} ${hash}\n`
}

/** @returns the beginning where there is no head yet. @throws AuditProblem for what is no head */
export function readHead(fd: number): Position {
  const bytes = readAt(fd, 0, fstatSync(fd).size)
  if (bytes.length === 0) return BEGINNING
  const head = parseHead(bytes.toString('latin1'))
  if (head === undefined) throw new AuditProblem('its .head file is not what cuedot writes')
  return head
}

/** Replaces the head in one write and puts it on disk. */
export function writeHead(fd: number, head: Position): void {
  const bytes = Buffer.from(headText(head), 'latin1')
  if (writeSync(fd, bytes, 0, bytes.length, 0) !== bytes.length)
    throw new AuditProblem('its .head file could not be written whole')
  fsyncSync(fd)
}

/** Bytes of an open file. */
export function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, start + done)
    if (count === 0) break
    done += count
  }
  return bytes.subarray(0, done)
}

/**
 * Opens one of our files: a regular file of ours that nobody else may read or write, made with mode
 * 0600 where it is missing. A link is not followed.
 * @throws AuditProblem that says what is wrong with it
 */
export function openOurs(path: string, flags: 'append' | 'write'): number {
  return openWith(path, constants.O_CREAT | (flags === 'append' ? constants.O_APPEND : 0))
}

/** As {@link openOurs}, for a file that is there; nothing is made. */
export function openExisting(path: string): number {
  return openWith(path, constants.O_APPEND)
}

function openWith(path: string, flags: number): number {
  const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants
  const fd = openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | flags, 0o600)
  try {
    const problem = problemWith(fd)
    if (problem !== undefined) throw new AuditProblem(problem)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function problemWith(fd: number): string | undefined {
  const status = fstatSync(fd)
  if (!status.isFile()) return 'it is not a regular file'
  const us = process.geteuid?.() ?? status.uid
  if (status.uid !== us) return `it belongs to user ${status.uid}, and this runs as ${us}`
  const mode = status.mode & 0o777
  if ((mode & 0o077) !== 0) return `others may use it (mode ${mode.toString(8)}): make it 600`
  return undefined
}

const ERRNO: Readonly<Record<string, string>> = {
  EACCES: 'no permission for it or its folder',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file may not grow any more',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a symbolic link',
  ENOENT: 'its folder does not exist',
  ENOSPC: 'there is no space left on its disk',
  ENOTDIR: 'its folder is not a folder',
  EROFS: 'its file system is read-only',
}

/** What a system error says about an audit file, with its errno. */
export function describeErrno(error: unknown): string {
  const errno = errnoOf(error)
  const said = ERRNO[errno]
  return said === undefined ? `the system says ${errno}` : `${said} (${errno})`
}
