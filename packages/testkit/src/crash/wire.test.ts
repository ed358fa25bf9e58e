import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startWireTap } from './wire.ts'
import type { WireTap } from './wire.ts'

interface Echo {
  readonly tap: WireTap
  /** What the server has been asked. */
  readonly asked: string[]
  client(): Promise<Socket>
}

/** A server that greets, answers each question with the same, hangs up if told to, and its tap. */
async function echo(): Promise<Echo> {
  const asked: string[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined).write('hello')
    socket.on('data', (chunk) => {
      asked.push(chunk.toString())
      if (socket.writable) socket.write(chunk)
      if (chunk.toString() === 'hang up') socket.end()
    })
    socket.on('end', () => setImmediate(() => socket.writable && socket.end('bye')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tap = await startWireTap((server.address() as AddressInfo).port)
  onTestFinished(async () => {
    await tap[Symbol.asyncDispose]()
    server.close()
  })
  return {
    ...{ tap, asked },
    async client() {
      const socket = connect({ port: tap.port, host: '127.0.0.1', allowHalfOpen: true })
      return socket.on('error', () => undefined)
    },
  }
}

async function heard(socket: Socket): Promise<string> {
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}

/** A reset is an error to whoever is cut off; here it is what is waited for. */
function closed(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.once('close', () => resolve())
  return promise
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  return await heard(socket)
}

describe('a wire tap', () => {
  test('counts an exchange for the connection and for each question', async () => {
    const { tap, client } = await echo()
    const socket = await client()
    expect(await heard(socket)).toBe('hello')
    expect(await ask(socket, 'one')).toBe('one')
    expect(await ask(socket, 'two')).toBe('two')
    expect(tap.counted()).toEqual({ count: 3, answered: new Set([1, 2, 3]) })
    tap.reset()
    expect(tap.counted()).toEqual({ count: 0, answered: new Set() })
    socket.destroy()
  })

  test('does not hang up before the server does', async () => {
    const { client } = await echo()
    const socket = await client()
    await heard(socket)
    socket.end()
    expect(await heard(socket)).toBe('bye')
  })

  test('counts no question of a client whose server has hung up', async () => {
    const { tap, asked, client } = await echo()
    const socket = await client()
    await heard(socket)
    expect(await ask(socket, 'hang up')).toBe('hang up')
    await once(socket, 'end')
    socket.write('goodbye')
    await expect.poll(() => asked).toEqual(['hang up', 'goodbye'])
    expect(tap.counted().count).toBe(2)
    socket.destroy()
  })

  test('loses a request: the server never sees it', async () => {
    const { tap, asked, client } = await echo()
    const socket = await client()
    await heard(socket)
    const struck = Promise.withResolvers<string>()
    tap.lose(1, 'request', () => struck.resolve('struck'))
    socket.write('one')
    await closed(socket)
    expect(await struck.promise).toBe('struck')
    expect(asked).toEqual([])
  })

  test('loses an answer: the server has done it and the client never hears', async () => {
    const { tap, asked, client } = await echo()
    const socket = await client()
    await heard(socket)
    let answers = 0
    socket.on('data', () => void (answers += 1))
    const struck = Promise.withResolvers<string>()
    tap.lose(1, 'answer', () => struck.resolve('struck'))
    socket.write('one')
    await closed(socket)
    expect([await struck.promise, asked, answers]).toEqual(['struck', ['one'], 0])
  })

  test('loses a connection before it is made, and a greeting', async () => {
    const { tap, client } = await echo()
    for (const loss of ['request', 'answer'] as const) {
      const struck = Promise.withResolvers<string>()
      tap.lose(1, loss, () => struck.resolve(loss))
      const socket = await client()
      await closed(socket)
      expect(await struck.promise).toBe(loss)
    }
  })
})
