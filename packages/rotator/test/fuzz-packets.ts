import { createServer } from 'node:net'
import type { Socket } from 'node:net'

/** What a server that has lost its mind sends after the client has said its first word. */
export interface Answer {
  readonly bytes: Buffer
  /** True: it hangs up behind that. False: it stays silent. */
  readonly ends: boolean
}

/** A server that answers the n-th message of each connection with the n-th answer. */
export interface MadServer extends AsyncDisposable {
  readonly port: number
  /** Connections from now on are answered so. One at a time. */
  answers: readonly Answer[]
  /** What the last connection has sent. */
  readonly heard: string
}

/** Starts it on loopback. `greet`: it speaks first, with the first answer. */
export async function madServer(greet: boolean): Promise<MadServer> {
  const sockets = new Set<Socket>()
  const state: { answers: readonly Answer[]; heard: string } = { answers: [], heard: '' }
  const server = createServer((socket) => {
    sockets.add(socket)
    state.heard = ''
    const waiting = [...state.answers]
    const answer = (): void => {
      const next = waiting.shift()
      if (next === undefined) return
      socket.write(next.bytes)
      if (next.ends) socket.end()
    }
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      state.heard += chunk.toString('latin1')
      answer()
    })
    if (greet) answer()
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', () => listening.resolve())
  await listening.promise
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get answers() {
      return state.answers
    },
    set answers(answers) {
      state.answers = answers
    },
    get heard() {
      return state.heard
    },
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      for (const socket of sockets) socket.destroy()
      await closed.promise
    },
  }
}

/** A message of PostgreSQL: a letter, the length, the rest. */
export function pgMessage(kind: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const head = Buffer.alloc(5, kind)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** ErrorResponse: fields by their letter. Source: "Error and Notice Message Fields". */
export function pgError(fields: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(fields).map(([letter, text]) => `${letter}${text}\0`)
  return pgMessage('E', ...parts, '\0')
}

/** AuthenticationOk, the server's process, and that it waits for a query. */
export const PG_READY: Buffer = Buffer.concat([
  pgMessage('R', Buffer.from([0, 0, 0, 0])),
  pgMessage('K', Buffer.from([0, 0, 0, 7, 0, 0, 0, 8])),
  pgMessage('Z', 'I'),
])

/** A packet of MySQL: length in three bytes, number, payload. */
export function mysqlPacket(number: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(payload.length, 0, 3)
  head.writeUInt8(number, 3)
  return Buffer.concat([head, payload])
}

/** The first packet of a server: protocol 10 and mysql_native_password. */
export const MYSQL_GREETING: Buffer = mysqlPacket(
  0,
  Buffer.concat([
    Buffer.from('\x0a8.4.0-mad\0', 'latin1'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from('12345678\0', 'latin1'),
    // Protocol 4.1, secure connection, plugins, connect with a database; no TLS.
    Buffer.from([0x0a, 0x82, 45, 2, 0, 0x08, 0, 21]),
    Buffer.alloc(10),
    Buffer.from('123456789012\0mysql_native_password\0', 'latin1'),
  ]),
)

/** OK without anything. */
export function mysqlOk(number: number): Buffer {
  return mysqlPacket(number, Buffer.from([0, 0, 0, 2, 0, 0, 0]))
}

/** ERR: its number, its state and its text. */
export function mysqlError(number: number, errno: number, text: string): Buffer {
  const head = Buffer.from([0xff, errno & 0xff, errno >> 8])
  return mysqlPacket(number, Buffer.concat([head, Buffer.from(`#HY000${text}`)]))
}
