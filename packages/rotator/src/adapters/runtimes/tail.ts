import { finished } from 'node:stream/promises'
import type { Readable } from 'node:stream'

/** The end of what a stream carried. */
export interface Tail {
  /** The last whole lines, at most 500 characters, without control characters. */
  text(): string
  /** Resolves when the stream has ended, or after so many milliseconds; never rejects. */
  finished(waitMs: number): Promise<void>
}

const MAX_CHARS = 500

/** Enough for 500 characters of UTF-8. */
const MAX_BYTES = 4 * MAX_CHARS

/** Reads a stream to its end, keeps the last 2000 bytes, and does not keep Node alive for it. */
export function collectTail(stream: Readable | null): Tail {
  let kept: Buffer = Buffer.alloc(0)
  stream?.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-MAX_BYTES)
  })
  // A pipe's socket can be told not to hold the process.
  if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  const ended = stream ? finished(stream).catch(() => undefined) : Promise.resolve()
  return {
    text: () => lastLines(kept.toString('utf8')),
    finished: async (waitMs) => {
      const timeout = Promise.withResolvers<void>()
      const timer = setTimeout(timeout.resolve, waitMs)
      await Promise.race([ended, timeout.promise])
      clearTimeout(timer)
    },
  }
}

function lastLines(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed.
  const clean = text.replaceAll(/[\x00-\x09\x0b-\x1f\x7f]/g, '').trim()
  if (clean.length <= MAX_CHARS) return clean
  const cut = clean.slice(-MAX_CHARS)
  return cut.slice(cut.indexOf('\n') + 1)
}
