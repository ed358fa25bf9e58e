// Goal: the driver is handed whole messages and nothing else, because it hangs or throws where
// nobody can catch it on others. Method: a stream of our own in the place of the socket.
import type { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { checkMessages } from './frames.ts'

/** A message: its letter, its length and what is in it. */
function message(kind: string, body: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(4 + body.length)
  return Buffer.concat([Buffer.from(kind), length, Buffer.from(body, 'latin1')])
}

const READY = message('Z', 'I')
const REFUSED = message('E', 'SFATAL\0C28P01\0Mno\0\0')

/** What reaches the driver of these chunks, and why the connection was ended. */
async function passed(
  ...chunks: readonly Buffer[]
): Promise<{ readonly bytes: Buffer; readonly ended: string | undefined }> {
  const socket = new PassThrough()
  const told: { ended?: string } = {}
  socket.on('error', ({ message: why }) => (told.ended = why))
  const got: Buffer[] = []
  const client = {
    connection: {
      attachListeners: (stream: EventEmitter) => void stream.on('data', (data) => got.push(data)),
    },
  }
  checkMessages(client)
  client.connection.attachListeners(socket)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (const chunk of chunks) if (!socket.destroyed) socket.write(chunk)
  socket.end()
  await closed
  return { bytes: Buffer.concat(got), ended: told.ended }
}

describe('the messages of a server', () => {
  const all = Buffer.concat([REFUSED, READY, message('N', '\0')])

  test.each([1, 3, 7, 1_000])('are handed on as they are, in pieces of %d bytes', async (size) => {
    const count = Math.ceil(all.length / size)
    const pieces = Array.from({ length: count }, (_, n) => all.subarray(n * size, (n + 1) * size))
    expect(await passed(...pieces)).toEqual({ bytes: all, ended: undefined })
  })

  test.each([
    ['an error without its last byte', message('E', 'SFATAL\0C28P01\0')],
    ['an error whose text does not end', message('E', 'SFATAL\0C28P01')],
    ['an error that goes on after its end', message('E', '\0more')],
    ['a notice without its last byte', message('N', 'SNOTICE\0')],
    ['an error of nothing', message('E', '')],
    ['a length less than its own', Buffer.from('Z\0\0\0\x03I', 'latin1')],
    ['a length of two gigabytes', Buffer.from('Z\x7f\xff\xff\xffI', 'latin1')],
  ])('end at %s, which is not handed on', async (_name, broken) => {
    const { bytes, ended } = await passed(READY, broken, READY)
    expect(bytes).toEqual(READY)
    expect(ended).toBe('the server does not keep to the protocol')
  })
})

test('another build of the driver is refused', () => {
  expect(() => checkMessages({ connection: {} })).toThrow(TypeError)
})
