import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

/** A port of 127.0.0.1 that answers no attempt to connect. */
export interface DeafEnd extends AsyncDisposable {
  /** `http://127.0.0.1:…` */
  readonly url: string
}

/** Listens, and never gets round to accepting. */
const LISTENER = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

/** Linux takes one connection more than the backlog; what comes after is not answered. */
const TAKEN = 2

/** Starts an end whose queue of connections is full. */
export async function startDeafEnd(): Promise<DeafEnd> {
  const listener = new Worker(LISTENER, { eval: true })
  const [port] = await once(listener, 'message')
  const sockets: Socket[] = []
  for (let n = 0; n < TAKEN; n++) {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined)
    sockets.push(socket)
    await once(socket, 'connect')
  }
  return {
    url: `http://127.0.0.1:${String(port)}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await listener.terminate()
    },
  }
}
