import { once } from 'node:events'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'

/**
 * Record types of FastCGI 1.0.
 * @see FastCGI Specification, section 8, "Types and Constants"
 */
const TYPE = { begin: 1, params: 4, stdin: 5, stdout: 6 } as const

const VERSION = 1
const HEADER_BYTES = 8

/** BeginRequestBody: FCGI_RESPONDER, and no FCGI_KEEP_CONN, so the other side ends it. */
const RESPONDER = Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])

/**
 * Has a FastCGI server on a Unix socket answer one request.
 * @param params - the CGI variables
 * @returns the whole answer, its headers included; rejects when the connection breaks
 */
export async function askFastcgi(
  socket: string,
  params: Readonly<Record<string, string>>,
): Promise<string> {
  const connection = connect(socket)
  await once(connection, 'connect')
  const pairs = Object.entries(params).map(([name, value]) => pair(name, value))
  connection.write(
    Buffer.concat([
      record(TYPE.begin, RESPONDER),
      record(TYPE.params, Buffer.concat(pairs)),
      record(TYPE.params, Buffer.alloc(0)),
      record(TYPE.stdin, Buffer.alloc(0)),
    ]),
  )
  return Buffer.concat(outputOf(await buffer(connection))).toString('utf8')
}

/** One record of request 1; the content is shorter than 64 KiB here. */
function record(type: number, content: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt8(VERSION, 0)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(1, 2)
  header.writeUInt16BE(content.length, 4)
  return Buffer.concat([header, content])
}

/** A name and its value with their lengths in front, four bytes each. */
function pair(name: string, value: string): Buffer {
  const [key, text] = [Buffer.from(name), Buffer.from(value)]
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32BE((key.length | 0x80000000) >>> 0, 0)
  lengths.writeUInt32BE((text.length | 0x80000000) >>> 0, 4)
  return Buffer.concat([lengths, key, text])
}

function outputOf(answer: Buffer): readonly Buffer[] {
  const found: Buffer[] = []
  let at = 0
  while (at + HEADER_BYTES <= answer.length) {
    const [type, size] = [answer.readUInt8(at + 1), answer.readUInt16BE(at + 4)]
    const begin = at + HEADER_BYTES
    if (type === TYPE.stdout) found.push(answer.subarray(begin, begin + size))
    at = begin + size + answer.readUInt8(at + 6)
  }
  return found
}
