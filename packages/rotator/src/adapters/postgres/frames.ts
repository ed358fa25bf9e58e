import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'

/** Far more than any answer to a question of ours. */
const MOST_BYTES = 64 * 1024 * 1024
/** A letter and the length, which counts itself. */
const HEAD_BYTES = 5

/**
 * Stands between the connection and `pg`: hands on whole messages only, and hangs up at the first
 * one that is none. The driver's parser never ends on an error message without its last byte, and
 * throws where nobody can catch it on others.
 *
 * Source: PostgreSQL documentation, "Message Formats"; test "ends in time, classified, and says
 * nothing" (fuzz-packets.int.test.ts).
 * @throws TypeError when this version of `pg` is built in another way
 */
export function checkMessages(client: object): void {
  const connection: unknown = Reflect.get(client, 'connection')
  if (!isInner(connection)) throw new TypeError('this version of pg is not supported')
  const attach = connection.attachListeners.bind(connection)
  connection.attachListeners = (stream) => attach(checked(stream))
}

/** What the driver's types leave out. Called once TLS has been agreed on. */
interface Inner {
  attachListeners(stream: EventEmitter): void
}

function isInner(connection: unknown): connection is Inner {
  return (
    typeof connection === 'object' &&
    connection !== null &&
    'attachListeners' in connection &&
    typeof connection.attachListeners === 'function'
  )
}

/** Emits `data` and `end` as the stream does, for all that the driver listens to there. */
function checked(stream: EventEmitter): EventEmitter {
  const clean = new EventEmitter()
  let rest: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    try {
      const bytes = Buffer.concat([rest, chunk])
      const end = wholeMessages(bytes)
      rest = bytes.subarray(end)
      if (end > 0) clean.emit('data', bytes.subarray(0, end))
    } catch {
      rest = Buffer.alloc(0)
      hangUp(stream)
    }
  })
  stream.on('end', () => clean.emit('end'))
  return clean
}

function hangUp(stream: EventEmitter | Duplex): void {
  if ('destroy' in stream) stream.destroy(new Error('the server does not keep to the protocol'))
}

/** Where the last whole message ends. Throws for what is no message. */
function wholeMessages(bytes: Buffer): number {
  let at = 0
  while (at + HEAD_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at + 1)
    if (length < 4 || length > MOST_BYTES) throw new RangeError('a length that cannot be')
    const end = at + 1 + length
    if (end > bytes.length) break
    const kind = bytes.toString('latin1', at, at + 1)
    if ((kind === 'E' || kind === 'N') && !hasFields(bytes.subarray(at + HEAD_BYTES, end)))
      throw new RangeError('an error message that does not end')
    at = end
  }
  return at
}

/** A letter and a text that ends with NUL, any number of times, and NUL. */
function hasFields(body: Buffer): boolean {
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1)
    if (end === -1) return false
    at = end + 1
  }
  return at === body.length - 1
}
