import { createHash } from 'node:crypto'

/**
 * The format of an audit file: one JSON object a line, `{"seq":…,"prev":"…", … ,"hash":"…"}`.
 *
 * `hash` is the SHA-256 of the bytes of the line before `,"hash":`, and `prev` is the hash of the
 * entry before: of the first, 64 zeros. `seq` counts entries, from 1. Only what a killed writer has
 * left and the next one has closed is a line that is no entry. Nothing has to be made canonical:
 * the bytes that stand there are the bytes that were hashed.
 */

/** Where a chain ends: its last entry, and where in the file its line begins and ends. */
export interface Position {
  /** Number of the entry, from 1; 0 before the first. */
  readonly seq: number
  /** Byte at which the line begins. */
  readonly start: number
  /** Byte after the line's newline. */
  readonly end: number
  /** 64 hexadecimal digits. */
  readonly hash: string
}

/** Before the first line. */
export const BEGINNING: Position = { seq: 0, start: 0, end: 0, hash: '0'.repeat(64) }

/** The record with which a writer closes what a killed writer left unfinished. */
export const RECOVERED = 'AUDIT_RECOVERED'

/** SHA-256, in hexadecimal. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** `,"hash":"` + 64 digits + `"}`. */
const SEAL_LENGTH = 9 + 64 + 2

/** What every line that follows a position begins with. */
function beginning({ seq, hash }: Position): string {
  return `{"seq":${seq + 1},"prev":"${hash}",`
}

/** The line, without its newline, that follows a position. `record` must not be empty. */
export function seal(record: object, after: Position): string {
  const body = beginning(after) + JSON.stringify(record).slice(1, -1)
  return `${body},"hash":"${sha256(body)}"}`
}

/** A line that stands on its own: whole, and its hash is the hash of its text. */
interface Line {
  readonly seq: number
  readonly prev: string
  readonly hash: string
  readonly record: Readonly<Record<string, unknown>>
}

/** @returns a sentence about what is wrong where the line does not stand on its own */
export function readLine(line: Uint8Array): Line | string {
  const text = Buffer.from(line).toString('utf8')
  const record = parseObject(text)
  const found = /,"hash":"([0-9a-f]{64})"\}$/.exec(text)?.[1]
  if (record === undefined || found === undefined) return 'is no whole line of an audit file'
  const body = line.subarray(0, line.length - SEAL_LENGTH)
  if (sha256(body) !== found) return 'was changed: its hash is not the hash of its text'
  const { seq, prev } = record
  if (typeof seq !== 'number' || typeof prev !== 'string') return 'has no seq or no prev'
  return { seq, prev, hash: found, record }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The first place where a file is not what writers wrote. */
export interface Break {
  /** Number of the line in the file, from 1: lines that are no entries count. */
  readonly line: number
  /** What is wrong with it, as the rest of a sentence that begins with the line. */
  readonly problem: string
}

/** What a killed writer left: bytes after the last whole line. */
interface Torn {
  readonly line: number
  readonly problem: string
  bytes: Buffer
}

/** Reads lines and follows the chain, from the beginning of a file or from a known position. */
export class ChainReader {
  /** The last line that is right. */
  position: Position
  /** The hash of the line before it. */
  before = ''
  /** Entries that this reader has found right. */
  followed = 0
  /** Lines that it was given. */
  lines = 0
  /** Unfinished lines that a later writer has closed. */
  recovered = 0
  broken: Break | undefined
  #torn: Torn | undefined

  constructor(from: Position) {
    this.position = from
  }

  /** Bytes after the last right line that a killed writer may have left; undefined without any. */
  get unfinished(): Buffer | undefined {
    return this.broken ? undefined : this.#torn?.bytes
  }

  /** The first line that is no entry, or the one after the last. */
  get next(): number {
    return this.#torn?.line ?? this.lines + 1
  }

  /**
   * @param line - without its newline
   * @param ended - false for a last line that has no newline
   */
  push(line: Uint8Array, ended: boolean): void {
    this.lines += 1
    if (this.broken) return
    const read = ended ? readLine(line) : 'has no end'
    if (typeof read !== 'string' && this.#follows(read, line.length)) return
    const problem = typeof read === 'string' ? read : this.#problemWith(read)
    const torn = (this.#torn ??= { line: this.lines, problem, bytes: Buffer.alloc(0) })
    torn.bytes = Buffer.concat([torn.bytes, line, Buffer.from(ended ? '\n' : '')])
    // A line that stands on its own was finished, and what begins otherwise was not begun by us.
    const whole = typeof read !== 'string' || (ended && line.length === 0)
    if (whole || !this.#isBeginning(line)) this.broken = torn
  }

  #isBeginning(line: Uint8Array): boolean {
    const expected = Buffer.from(beginning(this.position))
    const length = Math.min(expected.length, line.length)
    return expected.subarray(0, length).equals(line.subarray(0, length))
  }

  #follows({ seq, prev, hash, record }: Line, length: number): boolean {
    const { position } = this
    if (seq !== position.seq + 1 || prev !== position.hash) return false
    const closes = record['code'] === RECOVERED
    if (closes !== (this.#torn !== undefined) || !this.#isClosedBy(record)) return false
    const start = position.end + (this.#torn?.bytes.length ?? 0)
    if (this.#torn) this.recovered += 1
    this.#torn = undefined
    this.before = position.hash
    this.followed += 1
    this.position = { seq, start, end: start + length + 1, hash }
    return true
  }

  /** The record must describe exactly what it closes. */
  #isClosedBy({ torn }: Readonly<Record<string, unknown>>): boolean {
    if (this.#torn === undefined) return true
    const { bytes } = this.#torn
    return isRecord(torn) && torn['bytes'] === bytes.length && torn['sha256'] === sha256(bytes)
  }

  #problemWith({ seq, prev, record }: Line): string {
    const { seq: last, hash } = this.position
    if (seq > last + 1) return `is entry ${seq}: ${missing(last + 1, seq - 1)}`
    if (seq <= last)
      return `is entry ${seq}, which has been before: it is repeated, moved or put in`
    if (prev !== hash) return 'does not follow the line before it: that one was replaced'
    if (record['code'] === RECOVERED) return 'closes an unfinished line that is not before it'
    return 'follows an unfinished line that nobody has closed'
  }
}

function missing(from: number, to: number): string {
  return from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`
}
